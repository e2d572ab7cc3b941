"""Adapters: one module per outside party, none of which knows another."""
