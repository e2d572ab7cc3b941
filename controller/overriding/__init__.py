"""Manual orders that win over the machine: each with an end, a reason and a number, on disk before it counts."""
