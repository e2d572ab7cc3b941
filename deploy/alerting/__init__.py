"""Alertmanager's configuration, made from the shipped one and a directory of secrets."""
