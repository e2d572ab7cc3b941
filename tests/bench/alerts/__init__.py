"""How soon each fault of the running demo becomes an alert, and that ten good minutes bring none."""
