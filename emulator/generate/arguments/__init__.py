"""temp"""

from typing import Any


class Unsatisfiable(ValueError): ...


def value_for(schema: Any, seed: Any = 0, *, hints: Any = None) -> Any:
    return dict.fromkeys(schema.get("properties", {}), "x") if isinstance(schema, dict) else {}
