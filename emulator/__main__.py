"""`python -m emulator` is `gemulator`."""

from emulator.cli import main

main(prog_name="gemulator")
