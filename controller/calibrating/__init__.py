"""Find out what a change costs on this very encoder: order it, look at the ingest, put it back."""
