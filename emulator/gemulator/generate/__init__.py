"""Makers of plausible content, all decided by a seed."""
