"""One colour for each vendor and provider, the same in every chart and for every plan.

The palette is that of Okabe and Ito (2008, https://jfly.uni-koeln.de/color/), which people with any kind of colour
vision tell apart, without its black; a few further tones stand apart from it by lightness. All can be told from white
and from near-black.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from zlib import crc32

ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#D4C21F"
BLUE, VERMILLION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"
INDIGO, TEAL, BROWN, OLIVE, ROSE = "#7A6FD0", "#44AA99", "#A0693C", "#8F9A3A", "#B5446E"
GREY: Final = "#8C8C8C"
INK: Final = "#7B7B7C"
"""Text and axes: readable on white and on near-black alike."""
FAINT: Final = "#8080804D"
"""Grid lines."""

_KNOWN: Final = {
    # vendors
    "nvidia": GREEN, "amd": VERMILLION, "google": BLUE, "aws": ORANGE, "microsoft": SKY, "intel": PURPLE,
    "meta": INDIGO, "cerebras": ROSE, "huawei": OLIVE,
    # providers; those of a vendor have its colour
    "gcp": BLUE, "azure": SKY, "oci": ROSE, "oracle": ROSE, "coreweave": PURPLE, "nebius": YELLOW, "lambda": INDIGO,
    "runpod": OLIVE, "crusoe": BROWN, "own": TEAL, "model-host": BROWN, "amazon": ORANGE,
}  # fmt: skip
_OTHERS: Final = (YELLOW, INDIGO, TEAL, BROWN, OLIVE, ROSE, PURPLE, SKY)

LEDGERS: Final = {"opex": BLUE, "capex": ORANGE}
STATES: Final = {"broken": VERMILLION, "binding": ORANGE, "slack": BLUE}
SERVED, UNMET = BLUE, VERMILLION
MORE, LESS, TOTAL = VERMILLION, GREEN, GREY
SEQUENCE: Final = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION, YELLOW, INDIGO, TEAL, BROWN, OLIVE, ROSE)
"""For what has no colour of its own, in this order."""


def colour(name: str) -> str:
    """Return the colour of a vendor or provider, as #RRGGBB: equal names, equal colours; joined ones are grey."""
    if name.startswith("other") or not name:
        return GREY
    return _KNOWN.get(name.lower()) or _OTHERS[crc32(name.lower().encode()) % len(_OTHERS)]


def colours(names: Iterable[str]) -> dict[str, str]:
    """Return the colour of each vendor or provider, in the order given."""
    return {name: colour(name) for name in dict.fromkeys(names)}


def shades(vendors: Mapping[str, str]) -> dict[str, str]:
    """Return the colour of each accelerator: that of its vendor, darker to lighter.

    Parameters
    ----------
    vendors
        The vendor of each accelerator.
    """
    of: dict[str, list[str]] = {}
    for chip, vendor in vendors.items():
        of.setdefault(vendor, []).append(chip)
    return {
        chip: _lighter(colour(vendor), 0.0 if len(chips) == 1 else -0.28 + 0.73 * place / (len(chips) - 1))
        for vendor, chips in of.items()
        for place, chip in enumerate(chips)
    }


def _lighter(tone: str, share: float) -> str:
    """Return a colour mixed with white (share above 0) or with black (below)."""
    parts = (int(tone[at : at + 2], 16) for at in (1, 3, 5))
    end = 255 if share > 0 else 0
    return "#" + "".join(f"{round(part + (end - part) * abs(share)):02X}" for part in parts)


def in_turn(names: Sequence[str]) -> dict[str, str]:
    """Return colours for things without one of their own, in their order; joined ones are grey."""
    return {
        name: GREY if name.startswith("other") else SEQUENCE[place % len(SEQUENCE)] for place, name in enumerate(names)
    }
