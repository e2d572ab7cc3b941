"""Driver for the encoders of New Orange's platform, sold as URay, J-Tech, Orivision and others.

Built from public documentation and tested against simulators only; no hardware was tried. Whether
such a unit changes its bitrate while it streams is unconfirmed, so every change counts as a reboot
until it has been calibrated on the unit itself.
"""

from controller.adapters.uray.driver import UrayEncoder

__all__ = ["UrayEncoder"]
