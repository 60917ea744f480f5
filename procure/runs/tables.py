"""Tables of the store, as SQLAlchemy maps them; `migrations` makes them."""

import json
import uuid
import zlib
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

HEAD: Final = "0002"
"""The newest migration; a store at another one is migrated when it is opened."""
ACTIVE: Final = ("queued", "running")
"""States of a job that has yet to end."""


class Moment(TypeDecorator[datetime]):
    """A moment in UTC; SQLite keeps no time zone, so that it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Return what is written."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Return what is read."""
        return None if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Packed(TypeDecorator[Any]):
    """Plain data as compressed JSON: scenarios and plans shrink tenfold."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: Dialect) -> bytes | None:
        """Return what is written."""
        return None if value is None else zlib.compress(json.dumps(value, allow_nan=False).encode(), 6)

    def process_result_value(self, value: bytes | None, _dialect: Dialect) -> Any:
        """Return what is read."""
        return None if value is None else json.loads(zlib.decompress(value))


class Base(DeclarativeBase):
    """What all tables share."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: Moment, dict[str, Any]: JSON, list[Any]: JSON}  # noqa: RUF012  # read by the base


def new_id() -> str:
    """Return an id that nobody can guess: 32 hexadecimal digits."""
    return uuid.uuid4().hex


def now() -> datetime:
    """Return this moment in UTC."""
    return datetime.now(UTC)


class Document(Base):
    """Content of a scenario, kept once however many versions, drafts and jobs refer to it; ``hash`` is its name."""

    __tablename__ = "documents"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    content: Mapped[Any] = mapped_column(Packed)


class ScenarioRecord(Base):
    """A scenario of one owner. ``head`` is the number of its newest version: whoever saves must have seen it."""

    __tablename__ = "scenarios"
    __table_args__ = (Index("ix_scenarios_owner_name", "owner", "name"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    owner: Mapped[str] = mapped_column(String(320))
    name: Mapped[str] = mapped_column(String(200))
    head: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=now)
    removed_at: Mapped[datetime | None]


class VersionRecord(Base):
    """One saved state of a scenario, never changed."""

    __tablename__ = "versions"
    __table_args__ = (UniqueConstraint("scenario_id", "number"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    scenario_id: Mapped[str] = mapped_column(ForeignKey("scenarios.id"))
    number: Mapped[int]
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("versions.id"))
    author: Mapped[str] = mapped_column(String(320))
    at: Mapped[datetime] = mapped_column(default=now)
    note: Mapped[str] = mapped_column(Text, default="")
    document_hash: Mapped[str] = mapped_column(ForeignKey("documents.hash"))


class DraftRecord(Base):
    """Unsaved work on a scenario; ``position`` is the step that is shown, undo and redo move it."""

    __tablename__ = "drafts"
    __table_args__ = (Index("ix_drafts_owner_scenario_id", "owner", "scenario_id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    owner: Mapped[str] = mapped_column(String(320))
    scenario_id: Mapped[str] = mapped_column(ForeignKey("scenarios.id"))
    version_id: Mapped[str] = mapped_column(ForeignKey("versions.id"))
    position: Mapped[int] = mapped_column(default=0)
    changed_at: Mapped[datetime] = mapped_column(default=now)


class StepRecord(Base):
    """One state of a draft."""

    __tablename__ = "draft_steps"

    draft_id: Mapped[str] = mapped_column(ForeignKey("drafts.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str] = mapped_column(String(200))
    document_hash: Mapped[str] = mapped_column(ForeignKey("documents.hash"))


class JobRecord(Base):
    """A solve that was asked for. ``key`` is the hash of all that decides its answer; ``attempt`` counts its starts."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_owner_created_at", "owner", "created_at"),
        Index("ix_jobs_state", "state"),
        Index(
            "uq_jobs_active", "owner", "key", unique=True,
            sqlite_where=text("state IN ('queued', 'running') AND NOT stop_asked"),
            postgresql_where=text("state IN ('queued', 'running') AND NOT stop_asked"),
        ),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    owner: Mapped[str] = mapped_column(String(320))
    key: Mapped[str] = mapped_column(String(64), index=True)
    kind: Mapped[str] = mapped_column(String(20), default="solve")
    label: Mapped[str] = mapped_column(String(200), default="")
    scenario_id: Mapped[str | None] = mapped_column(ForeignKey("scenarios.id"))
    document_hash: Mapped[str] = mapped_column(ForeignKey("documents.hash"))
    options: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(20), default="queued")
    ending: Mapped[str] = mapped_column(String(20), default="")
    lane: Mapped[str] = mapped_column(String(20), default="app", server_default="app")
    stop_asked: Mapped[bool] = mapped_column(default=False)
    attempt: Mapped[int] = mapped_column(default=0)
    host: Mapped[str] = mapped_column(String(200), default="")
    process: Mapped[str] = mapped_column(String(60), default="")
    created_at: Mapped[datetime] = mapped_column(default=now)
    started_at: Mapped[datetime | None]
    beat_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    phase: Mapped[str] = mapped_column(String(60), default="")
    incumbent: Mapped[float | None]
    bound: Mapped[float | None]
    gap: Mapped[float | None]
    message: Mapped[str] = mapped_column(Text, default="")
    complaints: Mapped[list[Any]] = mapped_column(default=list)
    result: Mapped[dict[str, Any] | None]
    plan_id: Mapped[str | None] = mapped_column(String(32))


class PointRecord(Base):
    """Incumbent and bound of a job at a moment, USD; ``seconds`` since the solve began."""

    __tablename__ = "job_points"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    seconds: Mapped[float]
    incumbent: Mapped[float | None]
    bound: Mapped[float | None]


class PlanRecord(Base):
    """An audited plan, as `procure.plan.plan.Plan.to_data` gives it, and the figures that lists show."""

    __tablename__ = "plans"
    __table_args__ = (Index("ix_plans_owner_scenario_id", "owner", "scenario_id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    owner: Mapped[str] = mapped_column(String(320))
    scenario_id: Mapped[str | None] = mapped_column(ForeignKey("scenarios.id"))
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"))
    document_hash: Mapped[str] = mapped_column(ForeignKey("documents.hash"))
    at: Mapped[datetime] = mapped_column(default=now)
    label: Mapped[str] = mapped_column(String(200), default="")
    objective: Mapped[float]
    gap: Mapped[float | None]
    ending: Mapped[str] = mapped_column(String(20))
    content: Mapped[Any] = mapped_column(Packed, deferred=True)


class SweepRecord(Base):
    """A trade-off: one value varied, a job for each point; ``points`` holds pairs of value and job."""

    __tablename__ = "sweeps"
    __table_args__ = (Index("ix_sweeps_owner_scenario_id", "owner", "scenario_id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    owner: Mapped[str] = mapped_column(String(320))
    scenario_id: Mapped[str] = mapped_column(ForeignKey("scenarios.id"))
    document_hash: Mapped[str] = mapped_column(ForeignKey("documents.hash"))
    path: Mapped[str] = mapped_column(String(400))
    points: Mapped[list[Any]]
    at: Mapped[datetime] = mapped_column(default=now)


class BatchRecord(Base):
    """One run of a manifest; ``manifest`` as it was read, ``code`` the version of procure that ran it.

    ``beat_at`` says that it lives, as long as it runs.
    """

    __tablename__ = "batches"
    __table_args__ = (Index("ix_batches_owner_created_at", "owner", "created_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    owner: Mapped[str] = mapped_column(String(320))
    name: Mapped[str] = mapped_column(String(200))
    manifest: Mapped[Any] = mapped_column(Packed)
    code: Mapped[str] = mapped_column(String(60))
    state: Mapped[str] = mapped_column(String(20), default="running")
    created_at: Mapped[datetime] = mapped_column(default=now)
    beat_at: Mapped[datetime] = mapped_column(default=now)
    finished_at: Mapped[datetime | None]


class UnitRecord(Base):
    """One unit of a batch. ``job_id`` is the job that answers it, of this batch or an earlier one; None: invalid."""

    __tablename__ = "units"
    __table_args__ = (Index("ix_units_job_id", "job_id"),)

    batch_id: Mapped[str] = mapped_column(ForeignKey("batches.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    scenario: Mapped[str] = mapped_column(String(200))
    variation: Mapped[dict[str, Any]]
    complaints: Mapped[list[Any]] = mapped_column(default=list)
    job_id: Mapped[str | None] = mapped_column(ForeignKey("jobs.id"))
    reused: Mapped[bool] = mapped_column(default=False)


class MetricRecord(Base):
    """A total of a plan, by name; money in USD."""

    __tablename__ = "metrics"

    plan_id: Mapped[str] = mapped_column(ForeignKey("plans.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    value: Mapped[float]


class EventRecord(Base):
    """Something that happened to a batch."""

    __tablename__ = "events"

    batch_id: Mapped[str] = mapped_column(ForeignKey("batches.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(default=now)
    level: Mapped[str] = mapped_column(String(10))
    message: Mapped[str] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(Text, default="")


class Lock(Base):
    """One row, written by whoever hands out queued jobs, so that one does at a time."""

    __tablename__ = "locks"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    turn: Mapped[int] = mapped_column(default=0)
