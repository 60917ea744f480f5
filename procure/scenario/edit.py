"""Changes to plain scenario data by dotted path."""

from typing import Any, Final

from procure.scenario.complaint import Complaint, InvalidData, near, show

COLLECTIONS: Final = (
    "accelerators", "regions", "offers", "workloads", "projects", "agreements", "limits", "fleet",
)  # fmt: skip
"""Keys of a scenario that hold lists of nouns, each named by its id."""
ENTRIES: Final = (*COLLECTIONS, "tranches")
"""Keys anywhere in a scenario that hold such lists."""
_MAPPINGS: Final = (
    "load", "throughput", "eligible", "excluded", "where", "of", "horizon", "power_mw", "covers", "commitment",
    "funding", "baseline",
)  # fmt: skip


def set_path(data: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at a dotted path of plain scenario data; ``None`` removes it.

    A whole entry is added by a value that is a mapping; one whose id has dots names it in the mapping too.

    Raises
    ------
    InvalidData
        When the path leads nowhere; it names the near misses.
    """
    here: Any = data
    rest = path.split(".")
    while rest:
        if isinstance(here, list):
            ids = {str(entry.get("id")): number for number, entry in enumerate(here) if isinstance(entry, dict)}
            name = ".".join(rest)
            if isinstance(value, dict) and name not in ids and (len(rest) == 1 or value.get("id") == name):
                here.append({**value, "id": name})
                return
            size = next((n for n in range(len(rest), 0, -1) if ".".join(rest[:n]) in ids), None)
            if size is None:
                raise InvalidData([Complaint((path,), show(value), f"no entry {rest[0]!r} there", near(rest[0], ids))])
            name, rest = ".".join(rest[:size]), rest[size:]
            position = ids[name]
            if not rest:
                _replace(here, position, {**value, "id": name} if isinstance(value, dict) else value)
                return
            here = here[position]
        else:
            key, *rest = rest
            if not rest:
                _replace(here, key, value)
                return
            if here.get(key) is None and key in ENTRIES:
                here[key] = []
            if not isinstance(here.get(key), dict | list):
                if here.get(key) is not None or key not in _MAPPINGS:
                    known = [name for name, entry in here.items() if isinstance(entry, dict | list)]
                    raise InvalidData([Complaint((path,), show(value), f"{key!r} leads nowhere", near(key, known))])
                here[key] = {}
            here = here[key]


def _replace(here: Any, key: Any, value: Any) -> None:
    if value is not None:
        here[key] = value
    elif isinstance(here, list) or key in here:
        del here[key]
