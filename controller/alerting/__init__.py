"""What Alertmanager tells us, and what the operator wants done about it."""
