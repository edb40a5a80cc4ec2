"""Entry point of `python -m gemulator`."""

from gemulator.cli import main

main(prog_name="gemulator")
