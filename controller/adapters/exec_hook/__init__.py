"""Driver for whatever the user can write a program for.

Tested with programs that behave and that do not; what a given program does to a given encoder is
the user's to test.
"""

from controller.adapters.exec_hook.driver import ExecEncoder

__all__ = ["ExecEncoder"]
