"""The controller's HTTP face: health, metrics, status, decisions, and one page."""
