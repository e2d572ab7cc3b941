"""The commands that ask a running controller, or its Prometheus, and say what they found."""
