"""The doctor: checks a running machine against what the bond needs, and names each deviation."""
