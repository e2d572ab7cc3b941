"""Dashboards as code: the generator and what it wrote."""
