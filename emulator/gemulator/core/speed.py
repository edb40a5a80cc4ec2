"""Speed: pacing of answers without their own, and the divisor of all waits."""


def parse_speed(text: str) -> tuple[bool, float]:
    """Return True if answers without pacing get the model's own, and the divisor of all waits (0: no waits).

    Raises ValueError.
    """
    if text in {"authored", "realistic"}:
        return text == "realistic", 1.0
    try:
        factor = float(text)
    except ValueError:
        factor = -1.0
    if not 0 <= factor < float("inf"):
        raise ValueError(f"{text!r} is not a speed: use `authored`, `realistic` or a number from 0 up")
    return True, factor
