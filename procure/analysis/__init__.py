"""Answers about plans: what differs between two of them, and what it rests on."""
