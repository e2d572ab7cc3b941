"""An encoder that is asked and answers in JSON, however the question travels: to a program, or over a local socket."""

from controller.adapters.json_verbs.carrying import Carrier, Ended
from controller.adapters.json_verbs.driver import Deadlines, Range, VerbsEncoder

__all__ = ["Carrier", "Deadlines", "Ended", "Range", "VerbsEncoder"]
