"""Engines behind PuLP that need no licence."""
