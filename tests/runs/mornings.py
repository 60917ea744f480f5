"""Nights of a batch in the process of the tests, and outcomes by hand."""

from datetime import UTC, datetime
from pathlib import Path

from procure.runs.alerts import alerts
from procure.runs.batches import Batch, Batches
from procure.runs.claim import claim
from procure.runs.manifest import Alerts, Manifest
from procure.runs.morning import Morning
from procure.runs.outcomes import Answer, Outcome
from procure.runs.units import units
from procure.runs.worker import run
from procure.scenario.validate import validate

LIMITS = (Path(__file__).parents[1] / "instances" / "limits.yaml").read_text()
"""Ten chips for two hours, the cheapest at 2: it costs 40. With the cheapest at 4 another is taken at 3: 60."""
HOSTILE = "<script>alert(1)</script>\"'{{ 7 * 7 }}\\ [bold]\x1b[31m\u202e=1+1\n# TYPE x gauge"


def manifest(**more) -> Manifest:
    """Return a manifest of all scenarios beside it."""
    return validate(Manifest, {"name": "nightly", "scenarios": ["*.yaml"], "solver": {"gap": 0}, **more})


def night(store, folder, asked, engines, state="done") -> Batch:
    """Run a batch."""
    batches = Batches(store, "local")
    batch = batches.begin(asked, units(asked, folder))
    while state == "done" and (taken := claim(store, batch.id)) is not None:
        run(store, *taken, session=engines)
    batches.end(batch.id, state)
    return batches.one(batch.id)


def answer(cost=None, state="done", gap=0.0, plan="p", binding=None) -> Answer:
    """Return how a unit stands; without a cost it has no plan."""
    planned = cost is not None
    return Answer(state, "optimal" if planned else "", cost, gap if planned else None, 1.5, "h", {},
                  plan if planned else None, binding)  # fmt: skip


def outcome(now, before=None, name="u", **more) -> Outcome:
    """Return what became of a unit."""
    given = {"variation": {}, "reused": False, "message": "", "totals": {}, "prices": ()} | more
    return Outcome(name=name, scenario="s", now=now, before=before, **given)


def told(found, rules=None, batches=None, name="nightly") -> Morning:
    """Return the morning after a batch of these outcomes."""
    at = datetime(2027, 1, 2, 3, 0, tzinfo=UTC)
    plan = {"name": "nightly", "scenarios": ["a"]}
    batch = Batch("b" * 32, name, plan, "0.1.0", "done", at, datetime(2027, 1, 2, 3, 1, tzinfo=UTC))
    before = Batch("a" * 32, name, plan, "0.1.0", "done", datetime(2027, 1, 1, tzinfo=UTC), at)
    return Morning(batch, before, tuple(found), (), alerts(found, rules or Alerts()), [], batches)
