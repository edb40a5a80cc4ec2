"""Importers: captures and fixtures of other tools become recordings."""
