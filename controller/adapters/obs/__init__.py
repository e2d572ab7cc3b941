"""What every OBS adapter shares: the protocol's values, its faults, the two sequences, the reconnecting shell."""
