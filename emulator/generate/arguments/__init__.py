"""A value for a JSON Schema."""
