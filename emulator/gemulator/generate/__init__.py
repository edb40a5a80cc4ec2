"""Seeded generators of plausible content."""
