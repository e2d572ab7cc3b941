"""What runs where: units, images, proxies, and the one-machine demo world."""
