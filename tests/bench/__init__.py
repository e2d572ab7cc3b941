"""The bench: judges bitrate and scene policies on recorded uplinks, in simulated time.

`python -m tests.bench --help` runs it; `tests.bench.running.run` is the same for one policy and pair.
"""
