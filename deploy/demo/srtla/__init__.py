"""SRTLA peers of our own: a sender and a receiver for the demo and for tests of whoever watches SRTLA."""
