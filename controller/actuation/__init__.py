"""Level-triggered actuation: what is wanted and what a device is known to be are two things."""
