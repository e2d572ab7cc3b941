"""Exporter of MPTCP: what each uplink of the bond carried, could carry, and whether it is alive."""
