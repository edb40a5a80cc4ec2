"""Ways to start the server, and the place where each takes an option."""

from typing import Literal, TypeAlias

Entrance: TypeAlias = Literal["serve", "Emulator", "pytest", "app"]


def knobs(entrance: Entrance, *names: str) -> str:
    """Return options by the names that an entrance has for them, and where they are set."""
    if entrance == "serve":
        return f"{' and '.join('--' + name.replace('_', '-') for name in names)} of gemulator serve"
    place = {
        "Emulator": f"of Emulator({', '.join(f'{name}=…' for name in names)})",
        "pytest": "in the fixture gemulator_settings",
        "app": f"of create_app(Settings({', '.join(f'{name}=…' for name in names)}))",
    }
    return f"{' and '.join(names)} {place[entrance]}"
