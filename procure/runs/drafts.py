"""Unsaved work on scenarios: kept at every edit, with undo and redo."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from procure.runs.documents import NotFound, content, keep
from procure.runs.scenarios import Saved, Scenarios, Version, owned
from procure.runs.store import Store
from procure.runs.tables import DraftRecord, StepRecord, VersionRecord, now

MOST_STEPS: Final = 200
"""Undo goes back this far."""
UNTOUCHED: Final = timedelta(days=1)


@dataclass(frozen=True)
class Draft:
    """A state of unsaved work; its data need not be valid.

    Parameters
    ----------
    version
        The saved version it was begun from.
    data, hash
        Plain scenario data, and its name.
    undo, redo
        What undo and redo would take back or do again, in words; empty when there is nothing.
    """

    id: str
    scenario_id: str
    version: Version
    data: dict[str, Any]
    hash: str
    undo: str
    redo: str
    changed_at: datetime

    @property
    def changed(self) -> bool:
        """Whether it differs from its version."""
        return self.hash != self.version.hash


@dataclass(frozen=True)
class Drafts:
    """Drafts of an owner."""

    store: Store
    owner: str

    def begin(self, scenario_id: str, version_id: str | None = None) -> Draft:
        """Begin a draft at a version, the newest by default; drafts of yesterday without a change are dropped."""
        scenarios = Scenarios(self.store, self.owner)
        versions = scenarios.versions(scenario_id)
        version = next((one for one in versions if version_id in (None, one.id)), None)
        if version is None:
            raise NotFound("no such version")
        with self.store.write() as session:
            session.execute(
                delete(DraftRecord).where(
                    DraftRecord.owner == self.owner,
                    DraftRecord.position == 0,
                    DraftRecord.changed_at < now() - UNTOUCHED,
                )
            )
            record = DraftRecord(owner=self.owner, scenario_id=scenario_id, version_id=version.id)
            session.add(record)
            session.flush()
            session.add(StepRecord(draft_id=record.id, position=0, label="", document_hash=version.hash))
            session.flush()
            return _draft(session, record)

    def one(self, draft_id: str) -> Draft:
        """Return a draft, or raise NotFound."""
        with self.store.read() as session:
            return _draft(session, self._owned(session, draft_id))

    def unsaved(self, scenario_id: str) -> list[Draft]:
        """Return the drafts of a scenario that hold changes, the latest first."""
        with self.store.read() as session:
            query = (
                select(DraftRecord)
                .join(
                    StepRecord,
                    (StepRecord.draft_id == DraftRecord.id) & (StepRecord.position == DraftRecord.position),
                )
                .join(VersionRecord, VersionRecord.id == DraftRecord.version_id)
                .where(DraftRecord.owner == self.owner, DraftRecord.scenario_id == scenario_id)
                .where(StepRecord.document_hash != VersionRecord.document_hash)
                .order_by(DraftRecord.changed_at.desc())
            )
            return [_draft(session, record) for record in session.scalars(query.limit(20))]

    def edit(self, draft_id: str, data: Mapping[str, Any], label: str) -> Draft:
        """Put data in place of what the draft holds, as one step that undo takes back; label says it in words."""
        with self.store.write() as session:
            record = self._owned(session, draft_id, locked=True)
            name = keep(session, data)
            if name != _step(session, record, record.position).document_hash:
                session.execute(
                    delete(StepRecord).where(
                        StepRecord.draft_id == record.id,
                        (StepRecord.position > record.position) | (StepRecord.position <= record.position - MOST_STEPS),
                    )
                )
                record.position, record.changed_at = record.position + 1, now()
                session.add(
                    StepRecord(draft_id=record.id, position=record.position, label=label[:200], document_hash=name)
                )
                session.flush()
            return _draft(session, record)

    def undo(self, draft_id: str) -> Draft:
        """Take the last step back, if there is one."""
        return self._move(draft_id, -1)

    def redo(self, draft_id: str) -> Draft:
        """Do again what was taken back last, if anything was."""
        return self._move(draft_id, 1)

    def discard(self, draft_id: str) -> None:
        """Forget a draft."""
        with self.store.write() as session:
            session.delete(self._owned(session, draft_id))

    def save(self, draft_id: str, *, note: str = "", over: Version | None = None) -> Draft:
        """Save a draft as the next version of its scenario, and go on from there.

        Parameters
        ----------
        over
            The version of a `Conflict`, when it is to be followed by this one all the same.

        Raises
        ------
        Conflict
            When somebody saved in between: the draft stays as it is.
        InvalidData
            When the draft is not a valid scenario.
        """
        draft = self.one(draft_id)
        version = Scenarios(self.store, self.owner).save(
            draft.scenario_id, draft.data, parent=over or draft.version, note=note
        )
        return self._onto(draft, version)

    def save_as(self, draft_id: str, *, note: str = "") -> tuple[Saved, Draft]:
        """Save a draft as a scenario of its own; the draft goes on there."""
        draft = self.one(draft_id)
        saved = Scenarios(self.store, self.owner).duplicate(draft.scenario_id, draft.data, note=note)
        return saved, self._onto(draft, saved.version)

    def _onto(self, draft: Draft, version: Version) -> Draft:
        with self.store.write() as session:
            record = self._owned(session, draft.id, locked=True)
            record.version_id, record.scenario_id = version.id, version.scenario_id
            here = _step(session, record, record.position)
            if here.document_hash == draft.hash:  # what is saved is spelt out: no change is left because of that
                here.document_hash = version.hash
            session.flush()
            return _draft(session, record)

    def _move(self, draft_id: str, by: int) -> Draft:
        with self.store.write() as session:
            record = self._owned(session, draft_id, locked=True)
            first, last = session.execute(
                select(func.min(StepRecord.position), func.max(StepRecord.position)).where(
                    StepRecord.draft_id == record.id
                )
            ).one()
            record.position, record.changed_at = min(max(record.position + by, first), last), now()
            session.flush()
            return _draft(session, record)

    def _owned(self, session: Session, draft_id: str, *, locked: bool = False) -> DraftRecord:
        found = session.get(DraftRecord, draft_id, with_for_update=locked or None)
        if found is None or found.owner != self.owner:
            raise NotFound("no such draft")
        owned(session, self.owner, found.scenario_id)
        return found


def _step(session: Session, record: DraftRecord, position: int) -> StepRecord:
    return session.get_one(StepRecord, (record.id, position))


def _draft(session: Session, record: DraftRecord) -> Draft:
    here = _step(session, record, record.position)
    before = session.get(StepRecord, (record.id, record.position - 1))
    after = session.get(StepRecord, (record.id, record.position + 1))
    version = session.get_one(VersionRecord, record.version_id)
    return Draft(
        record.id, record.scenario_id, Version.of(version), content(session, here.document_hash), here.document_hash,
        here.label if before is not None else "", after.label if after is not None else "", record.changed_at,
    )  # fmt: skip
