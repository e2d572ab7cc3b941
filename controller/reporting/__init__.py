"""What is left of a stream afterwards: the report, and what another policy would have decided."""
