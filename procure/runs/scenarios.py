"""Saved scenarios: immutable versions, and who saved first."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from procure.runs.documents import NotFound, content, keep
from procure.runs.store import Store
from procure.runs.tables import ScenarioRecord, VersionRecord, now
from procure.runs.turn import take_turn
from procure.scenario.scenario import build

MOST_NAME: Final = 120


class Conflict(Exception):
    """Somebody saved a newer version in between; ``theirs`` is it. Nothing was written, nothing is lost."""

    def __init__(self, theirs: "Version") -> None:
        super().__init__(f"{theirs.author} saved version {theirs.number} at {theirs.at:%H:%M} UTC")
        self.theirs = theirs


@dataclass(frozen=True)
class Version:
    """One saved state; ``parent_id`` is the version it was made from, None for the first."""

    id: str
    scenario_id: str
    number: int
    parent_id: str | None
    author: str
    at: datetime
    note: str
    hash: str

    @classmethod
    def of(cls, record: VersionRecord) -> "Version":
        """Return the version of a row."""
        return cls(
            record.id, record.scenario_id, record.number, record.parent_id, record.author, record.at, record.note,
            record.document_hash,
        )  # fmt: skip


@dataclass(frozen=True)
class Saved:
    """A scenario and its newest version."""

    id: str
    name: str
    version: Version


@dataclass(frozen=True)
class Scenarios:
    """Saved scenarios of an owner."""

    store: Store
    owner: str

    def all(self) -> list[Saved]:
        """Return the scenarios by name; an owner who never had any is given the bundled ones."""
        with self.store.read() as session:
            known = self._known(session)
        if not known:
            self._bundled()
        newest = select(VersionRecord.scenario_id, func.max(VersionRecord.number).label("number")).group_by(
            VersionRecord.scenario_id
        )
        latest = newest.subquery()
        query = (
            select(ScenarioRecord, VersionRecord)
            .join(latest, latest.c.scenario_id == ScenarioRecord.id)
            .join(
                VersionRecord,
                (VersionRecord.scenario_id == ScenarioRecord.id) & (VersionRecord.number == latest.c.number),
            )
            .where(ScenarioRecord.owner == self.owner, ScenarioRecord.removed_at.is_(None))
            .order_by(ScenarioRecord.name)
        )
        with self.store.read() as session:
            return [Saved(one.id, one.name, Version.of(version)) for one, version in session.execute(query)]

    def one(self, scenario_id: str) -> Saved:
        """Return a scenario, or raise NotFound."""
        with self.store.read() as session:
            found = owned(session, self.owner, scenario_id)
            return Saved(found.id, found.name, Version.of(_head(session, found.id)))

    def create(self, data: Mapping[str, Any], *, name: str | None = None, note: str = "") -> Saved:
        """Save data as the first version of a new scenario.

        Raises
        ------
        InvalidData
            When the data is not a valid scenario.
        """
        data = build(data).data()
        with self.store.write() as session:
            take_turn(session, "names")
            return self._create(session, data, name or data["name"], note)

    def save(self, scenario_id: str, data: Mapping[str, Any], *, parent: Version, note: str = "") -> Version:
        """Save data as the next version.

        Parameters
        ----------
        parent
            The version the data was made from, or the one of a `Conflict` to be followed.

        Raises
        ------
        Conflict
            When the parent is not the newest version.
        InvalidData
            When the data is not a valid scenario.
        """
        data = build(data).data()
        with self.store.write() as session:
            record = owned(session, self.owner, scenario_id)
            if parent.scenario_id != record.id:
                raise NotFound("no such version")
            step = (
                update(ScenarioRecord)
                .where(ScenarioRecord.id == record.id, ScenarioRecord.head == parent.number)
                .values(head=parent.number + 1)
            )
            if not session.execute(step.execution_options(synchronize_session=False)).rowcount:  # type: ignore[attr-defined]  # of an UPDATE
                raise Conflict(Version.of(_head(session, record.id)))
            return Version.of(self._add(session, record.id, parent.number + 1, parent.id, data, note))

    def duplicate(self, scenario_id: str, data: Mapping[str, Any] | None = None, *, note: str = "") -> Saved:
        """Save the newest version, or other data, as a new scenario beside this one."""
        saved = self.one(scenario_id)
        note = note or f"copy of {saved.name}, version {saved.version.number}"
        return self.create(data or self.data(saved.version.id), name=saved.name, note=note)

    def rename(self, scenario_id: str, name: str) -> str:
        """Give a scenario another name; one that is taken gets a number. Return the name."""
        with self.store.write() as session:
            take_turn(session, "names")
            record = owned(session, self.owner, scenario_id)
            if name.strip() != record.name:
                record.name = self._free(session, name)
            return record.name

    def remove(self, scenario_id: str) -> None:
        """Take a scenario off the list; its versions and plans stay in the store."""
        with self.store.write() as session:
            owned(session, self.owner, scenario_id).removed_at = now()

    def versions(self, scenario_id: str) -> list[Version]:
        """Return the versions, newest first."""
        with self.store.read() as session:
            record = owned(session, self.owner, scenario_id)
            query = select(VersionRecord).where(VersionRecord.scenario_id == record.id)
            return [Version.of(one) for one in session.scalars(query.order_by(VersionRecord.number.desc()))]

    def data(self, version_id: str) -> dict[str, Any]:
        """Return the data of a version, or raise NotFound."""
        with self.store.read() as session:
            version = session.get(VersionRecord, version_id)
            if version is None:
                raise NotFound("no such version")
            owned(session, self.owner, version.scenario_id)
            return content(session, version.document_hash)

    def _create(self, session: Session, data: dict[str, Any], name: str, note: str) -> Saved:
        record = ScenarioRecord(owner=self.owner, name=self._free(session, name), head=1)
        session.add(record)
        session.flush()
        version = self._add(session, record.id, 1, None, data, note)
        return Saved(record.id, record.name, Version.of(version))

    def _add(
        self, session: Session, scenario_id: str, number: int, parent_id: str | None, data: dict[str, Any], note: str
    ) -> VersionRecord:
        version = VersionRecord(
            scenario_id=scenario_id, number=number, parent_id=parent_id, author=self.owner, note=note[:2000],
            document_hash=keep(session, data),
        )  # fmt: skip
        session.add(version)
        session.flush()
        return version

    def _free(self, session: Session, name: str) -> str:
        query = select(ScenarioRecord.name).where(
            ScenarioRecord.owner == self.owner, ScenarioRecord.removed_at.is_(None)
        )
        taken, name = set(session.scalars(query)), " ".join(name.split())[:MOST_NAME] or "scenario"
        number, free = 2, name
        while free in taken:
            free, number = f"{name} ({number})", number + 1
        return free

    def _bundled(self) -> None:
        from importlib.metadata import version

        from procure.scenario_file import bundled, load

        loaded = [load(name).data() for name in bundled()]
        with self.store.write() as session:
            take_turn(session, "names")
            if not self._known(session):  # two pages may be opened at once
                for data in loaded:
                    self._create(session, data, data["name"], f"bundled with procure {version('procure')}")

    def _known(self, session: Session) -> bool:
        return bool(session.scalar(select(func.count()).where(ScenarioRecord.owner == self.owner)))


def owned(session: Session, owner: str, scenario_id: str) -> ScenarioRecord:
    """Return the record of an owner's scenario, or raise NotFound."""
    found = session.get(ScenarioRecord, scenario_id)
    if found is None or found.owner != owner:
        raise NotFound("no such scenario")
    return found


def _head(session: Session, scenario_id: str) -> VersionRecord:
    query = select(VersionRecord).where(VersionRecord.scenario_id == scenario_id)
    return session.scalars(query.order_by(VersionRecord.number.desc()).limit(1)).one()
