"""What happened, kept: stream sessions, events, and the bytes that each uplink carried per billing month."""
