"""Sentences and words of each language."""
