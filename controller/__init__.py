"""The controller: queries windows, decides, actuates, explains."""

__version__ = "0.1.0"
