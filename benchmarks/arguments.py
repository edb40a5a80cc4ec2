"""How long a value for a JSON Schema takes: `python -m benchmarks.arguments`.

Two kinds of schemas, each seen for the first time (nothing cached) and again (compiled, as on every later turn).
"""

import statistics
import time
from typing import Any

from gemulator.generate.json_schema import value_for

ROUNDS = 400


def tool(number: int) -> dict[str, Any]:
    """The parameters of a tool, told apart by `number` so that no cache knows them."""
    return {
        "type": "object",
        "properties": {
            "location": {"type": "string", "description": f"The city and state of request {number}"},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
            "days": {"type": "integer", "minimum": 1, "maximum": 14},
            "alerts": {"type": "boolean"},
        },
        "required": ["location"],
    }


def structured(number: int) -> dict[str, Any]:
    """A response format as pydantic and the SDK's strict mode write it: references, nested and nullable."""
    return {
        "title": f"Order{number}",
        "type": "object",
        "properties": {
            "customer": {"$ref": "#/$defs/Customer"},
            "items": {"type": "array", "items": {"$ref": "#/$defs/Item"}},
            "due_date": {"type": "string", "format": "date"},
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        },
        "required": ["customer", "items", "due_date", "note"],
        "additionalProperties": False,
        "$defs": {
            "Customer": closed(first_name={"type": "string"}, email={"type": "string", "format": "email"}),
            "Item": closed(sku={"type": "string", "pattern": "^[A-Z]{3}-\\d{4}$"}, price={"type": "number"}),
        },
    }


def closed(**properties: Any) -> dict[str, Any]:
    """An object of which all properties are required and no others allowed."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def milliseconds(schema: dict[str, Any], seed: int) -> float:
    """The time of one value."""
    start = time.perf_counter()
    value_for(schema, seed)
    return (time.perf_counter() - start) * 1000


def main() -> None:
    """Prints a line for each kind."""
    value_for(tool(-1))  # Faker and the validator are loaded by the first value
    for name, make in (("tool arguments", tool), ("structured output", structured)):
        schemas = [make(number) for number in range(ROUNDS)]
        new = sorted(milliseconds(schema, 1) for schema in schemas)
        known = sorted(milliseconds(schemas[-1], seed) for seed in range(ROUNDS))
        for label, times in (("first time", new), ("again", known)):
            high = times[int(ROUNDS * 0.99)]
            print(f"{name:18} {label:11} median {statistics.median(times):.3f} ms   p99 {high:.3f} ms")


if __name__ == "__main__":
    main()
