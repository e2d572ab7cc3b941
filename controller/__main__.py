"""`python -m controller` is the `vvlive` command."""

from controller.cli import main

main()
