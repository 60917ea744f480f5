"""Scenario data in the store, each content once."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from procure.runs.tables import Document


class NotFound(Exception):
    """There is no such row, or it is somebody else's."""


def document_hash(data: Mapping[str, Any]) -> str:
    """Return the name of plain scenario data: SHA-256 of its canonical JSON, as `Scenario.content_hash`."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def keep(session: Session, data: Mapping[str, Any]) -> str:
    """Put data into the store unless it is there; return its hash."""
    name = document_hash(data)
    if session.scalar(select(Document.hash).where(Document.hash == name)) is not None:
        return name  # to compress it again would take longer than the rest
    insert = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert
    session.execute(insert(Document).values(hash=name, content=dict(data)).on_conflict_do_nothing())
    return name


def content(session: Session, name: str) -> dict[str, Any]:
    """Return the data of a hash."""
    found = session.get(Document, name)
    if found is None:
        raise NotFound(f"no document {name}")
    data: dict[str, Any] = found.content
    return data
