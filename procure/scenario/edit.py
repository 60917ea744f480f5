"""Changes to plain scenario data by dotted path."""

from typing import Any, Final

from procure.scenario.complaint import Complaint, InvalidData, near, show

COLLECTIONS: Final = (
    "accelerators", "regions", "offers", "workloads", "projects", "agreements", "limits", "fleet",
)  # fmt: skip
"""Keys of a scenario that hold lists of nouns, each named by its id."""
_LISTS: Final = (*COLLECTIONS, "tranches")
_MAPPINGS: Final = (
    "load", "throughput", "eligible", "excluded", "where", "of", "horizon", "power_mw", "covers", "commitment",
    "funding", "baseline",
)  # fmt: skip


def set_path(data: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at a dotted path of plain scenario data; ``None`` removes it.

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
            size = next((n for n in range(len(rest), 0, -1) if ".".join(rest[:n]) in ids), None)
            if size is None and len(rest) == 1 and isinstance(value, dict):
                here.append({**value, "id": rest[0]})
                return
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
            if key not in here and key in _LISTS:
                here[key] = []
            if not isinstance(here.get(key), dict | list):
                if key in here or key not in _MAPPINGS:
                    known = [name for name, entry in here.items() if isinstance(entry, dict | list)]
                    raise InvalidData([Complaint((path,), show(value), f"{key!r} leads nowhere", near(key, known))])
                here[key] = {}
            here = here[key]


def _replace(here: Any, key: Any, value: Any) -> None:
    if value is not None:
        here[key] = value
    elif isinstance(here, list) or key in here:
        del here[key]
