"""MPTCP: set-up of the bond, and the guard that keeps it alive."""
