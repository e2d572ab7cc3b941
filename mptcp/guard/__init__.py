"""The guard: takes an uplink that is dead or crawls out of the stream's way, and brings it back when it is well."""
