"""What is wrong with an installation, before a stream depends on it: looks at everything, changes nothing."""
