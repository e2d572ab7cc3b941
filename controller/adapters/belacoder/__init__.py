"""Driver for belacoder: its bitrate file and SIGHUP, on the machine that it runs on.

belacoder has an adaptive bitrate of its own; what we set is the cap (and the floor) of it. Written
from its documentation and from measurements of build 898d9ce, and tested against a stand-in
process that counts signals; the program itself does not run in the tests. ceracoder, which takes
an INI file, is another driver's matter.
"""

from controller.adapters.belacoder.driver import BelacoderEncoder

__all__ = ["BelacoderEncoder"]
