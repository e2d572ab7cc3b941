"""The policies under test: the product's own decision code, and others to compare it with."""
