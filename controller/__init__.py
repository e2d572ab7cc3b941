"""The controller: queries windows, decides, actuates, explains."""
