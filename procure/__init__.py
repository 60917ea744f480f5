"""procure: which accelerator capacity to order, where, when and under which contract, and what runs on it."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from procure.analysis.compare import compare as compare
    from procure.plan.plan import AuditFailed as AuditFailed
    from procure.plan.plan import Plan as Plan
    from procure.plan.plan import load_plan as load_plan
    from procure.plan.solve import Infeasible as Infeasible
    from procure.plan.solve import LimitReached as LimitReached
    from procure.plan.solve import NoPlan as NoPlan
    from procure.plan.solve import SolverFailed as SolverFailed
    from procure.plan.solve import solve as solve
    from procure.scenario.complaint import InvalidData as InvalidData
    from procure.scenario.document import to_yaml as to_yaml
    from procure.scenario.limit import Limit as Limit
    from procure.scenario.scenario import Scenario as Scenario
    from procure.scenario_file import load as load

_HOMES = {
    "compare": "procure.analysis.compare",
    "load": "procure.scenario_file",
    "solve": "procure.plan.solve",
    "Infeasible": "procure.plan.solve",
    "LimitReached": "procure.plan.solve",
    "NoPlan": "procure.plan.solve",
    "SolverFailed": "procure.plan.solve",
    "Plan": "procure.plan.plan",
    "load_plan": "procure.plan.plan",
    "AuditFailed": "procure.plan.plan",
    "to_yaml": "procure.scenario.document",
    "InvalidData": "procure.scenario.complaint",
    "Limit": "procure.scenario.limit",
    "Scenario": "procure.scenario.scenario",
}
__all__ = [*_HOMES]  # noqa: PLE0604  # names above, imported on first use so that `import procure` stays light


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return importlib.import_module("importlib.metadata").version("procure")
    if name not in _HOMES:
        raise AttributeError(f"module 'procure' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
