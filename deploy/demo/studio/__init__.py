"""OBS without a screen: its configuration directory, and how it and its X server are started."""
