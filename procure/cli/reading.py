"""Scenarios and plans that commands name."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from procure.cli.failures import places
from procure.cli.printing import errors

if TYPE_CHECKING:
    from procure.plan.plan import Plan
    from procure.scenario.document import Document
    from procure.scenario.scenario import Scenario


def plan_of(
    name: str, changes: list[str] | None, options: dict[str, Any], *, quiet: bool,
    scenario: "Scenario | None" = None, without: str | None = None,
) -> "Plan":  # fmt: skip
    """Return the plan of a file, or of a scenario (by name, or given) once it is solved."""
    from procure.plan.plan import load_plan
    from procure.plan.solve import solve as solve_scenario
    from procure.progress import watch

    if scenario is None and name.endswith(".json") and not changes and not without:
        return load_plan(name)
    document = None
    if scenario is None:
        document, scenario = read(name, changes)
    elif changes:
        scenario = scenario.with_(edits(changes))
    if without:
        scenario = scenario.without_vendor_money()
    with places(document), watch(errors(), quiet=quiet) as progress:
        return solve_scenario(scenario, progress=progress, **options)


@contextmanager
def solver(options: dict[str, Any], *, quiet: bool) -> "Iterator[Callable[[Scenario, Plan | None], Plan]]":
    """Lend what solves a scenario from the plan of a neighbour, with engines kept warm."""
    from procure.plan.solve import solve as solve_scenario
    from procure.progress import watch
    from solvers import Session

    def solve_one(scenario: "Scenario", before: "Plan | None") -> "Plan":
        with watch(errors(), quiet=quiet) as progress:
            return solve_scenario(scenario, previous=before, session=session, progress=progress, **options)

    with Session() as session:
        yield solve_one


def read(
    name: str, changes: list[str] | None, baseline: Path | None = None, fixed_until: str | None = None
) -> tuple["Document", "Scenario"]:
    """Return a scenario by name or path, changed and continued as asked, and what it was read from."""
    from procure.scenario.complaint import InvalidData
    from procure.scenario.scenario import build
    from procure.scenario_file import load_data

    document = load_data(name)
    with places(document):
        if baseline is not None or fixed_until is not None:
            _continue(document, baseline, fixed_until)
        scenario = build(document.data)
        try:
            return document, scenario.with_(edits(changes)) if changes else scenario
        except InvalidData as error:
            raise InvalidData([complaint.at("--set", None) for complaint in error.complaints]) from None


def edits(changes: list[str]) -> dict[str, Any]:
    """Return the values by path of --set."""
    from procure.scenario.complaint import Complaint, InvalidData
    from procure.scenario.document import read_value

    edits: dict[str, Any] = {}
    for change in changes:
        path, equals, value = change.partition("=")
        if not equals or not path or not value.strip():
            remedy = "Write --set horizon.periods=8, or PATH=null to take a value away."
            raise InvalidData([Complaint((path,), value, "expected PATH=VALUE", remedy, "--set")])
        edits[path.strip()] = read_value(value)
    return edits


def _continue(document: "Document", plan: Path | None, fixed_until: str | None) -> None:
    """Put the orders and starts of a plan file into the baseline of a scenario; what else that says stays."""
    from procure.plan.plan import read_plan_data
    from procure.scenario.baseline import baseline_of
    from procure.scenario.complaint import Complaint, InvalidData
    from procure.scenario.horizon import Horizon
    from procure.scenario.validate import validate

    stated = document.data.get("baseline") or {}
    if not isinstance(stated, dict):
        return  # the scenario's own complaint says so
    if plan is None and not stated:
        remedy = "Add --baseline plan.json."
        raise InvalidData([Complaint((), str(fixed_until), "expected a baseline", remedy, "--fixed-until")])
    if plan is not None:
        horizon = validate(Horizon, document.data.get("horizon") or {}, ("horizon",))
        data = read_plan_data(plan)
        try:
            found, outside = baseline_of(data["decisions"], horizon)
        except (KeyError, TypeError, ValueError):
            expected, remedy = "expected the decisions of a plan", "Make one with `procure solve --out plan.json`."
            raise InvalidData([Complaint(("decisions",), "unreadable", expected, remedy, str(plan))]) from None
        for what in outside:
            errors().print(f"left out: {what}, outside the horizon", markup=False, soft_wrap=True)
        document.put(("baseline", "orders"), [order.data() for order in found.orders], str(plan))
        document.put(("baseline", "starts"), [start.data() for start in found.starts], str(plan))
    if fixed_until is not None:
        document.put(("baseline", "fixed_until"), fixed_until, "--fixed-until")
