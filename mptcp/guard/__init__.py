"""The guard: takes a dead uplink out of the bond within half a second, and brings it back when it answers."""
