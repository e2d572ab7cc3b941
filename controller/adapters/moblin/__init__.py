"""Driver for Moblin, the streaming app for phones, as its remote control assistant: the phone connects to us.

Built from Moblin's source (MIT) as of 2026; tested against a simulated phone only. Not tested: a real phone, and so
whether a preset changes the running stream without a glitch; every change counts as a reboot until calibrated.
Moblin adapts its bitrate itself, and has presets, not numbers: what we choose is a cap among those that the
streamer made. It answers "ok" to a preset that it does not have, so only the state that it tells is believed.
"""

from controller.adapters.moblin.driver import MoblinEncoder

__all__ = ["MoblinEncoder"]
