"""Scenario files: model, conditions, replies, loading and matching."""
