"""The capture time stamped into the picture, and the probe that reads it back downstream."""
