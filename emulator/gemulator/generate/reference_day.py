"""The day that generated dates lie around: fixed, for the wall clock would change the words."""

from datetime import date

REFERENCE_DAY = date(2026, 1, 15)
