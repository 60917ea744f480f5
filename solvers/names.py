"""Names for files: changed to what a format allows, and kept apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def unique_names(names: Iterable[str], allowed: Callable[[str], str]) -> list[str]:
    """Each name as ``allowed`` turns it; where two become one, the later gets ``_2``, ``_3`` and so on."""
    taken: set[str] = set()
    next_number: dict[str, int] = {}
    unique = []
    for name in names:
        plain = candidate = allowed(name)
        while candidate in taken:
            next_number[plain] = next_number.get(plain, 1) + 1
            candidate = f"{plain}_{next_number[plain]}"
        taken.add(candidate)
        unique.append(candidate)
    return unique
