"""The YAML that users write: scenarios, turns, conditions and replies."""
