"""Backends that do what engines should not."""
