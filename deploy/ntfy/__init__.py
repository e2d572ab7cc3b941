"""An adapter between Alertmanager's webhook and ntfy, which Alertmanager does not know."""
