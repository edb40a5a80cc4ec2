"""The fixed day that generated dates lie around."""

from datetime import date

# Fixed, because the wall clock would change the generated text.
REFERENCE_DAY = date(2026, 1, 15)
