"""The connection between the rig's controller and the one on the VPS: opened by the rig, never towards it."""
