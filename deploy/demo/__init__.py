"""The one-machine demo: two hosts, two emulated uplinks, and every real part of the product between them."""
