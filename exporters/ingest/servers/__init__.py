"""The servers whose statistics are understood: one module each, pure, from answers to streams."""
