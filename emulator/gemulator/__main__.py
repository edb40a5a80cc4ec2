"""`python -m gemulator` is `gemulator`."""

from gemulator.cli import main

main(prog_name="gemulator")
