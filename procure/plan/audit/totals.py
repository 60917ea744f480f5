"""The totals of a plan, and its objective."""

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Final

import numpy as np

from procure.plan.audit.amounts import Amounts
from procure.plan.audit.cash import OF
from procure.plan.audit.facts import Facts
from procure.plan.audit.limits import LimitRow, soft_penalty
from procure.plan.audit.report import Findings
from procure.plan.audit.sums import HELD, SAME, FloatArray, fsum_by, held
from procure.plan.audit.tables import is_number
from procure.scenario.scenario import Scenario

_SMALLEST_OBJECTIVE: Final = 1e-9


class Totals:
    """Sums over the whole plan, in USD but for ``carbon`` (t), ``peak_power`` (MW), ``change`` and ``peak_chips``."""

    def __init__(self, facts: Facts, amounts: Amounts, limits: list[LimitRow]) -> None:
        self.facts = facts
        self.amounts = amounts
        self.soft, self.doubtful_usd = soft_penalty(facts, limits)

    @cached_property
    def cost_by_period(self) -> FloatArray:
        """Spend, energy and all other cost of each period, less what is sold and let, shape (T,)."""
        cash = self.amounts.cash
        return fsum_by(cash.period, cash.usd, self.facts.periods)

    @cached_property
    def penalty_by_period(self) -> FloatArray:
        """Price of unmet work and of broken soft limits in each period, shape (T,)."""
        unmet = self.amounts.entries("penalty")
        return fsum_by(unmet.period, unmet.amount, self.facts.periods) + self.soft

    @cached_property
    def discounted_penalty(self) -> float:
        """Σ discount_mid · penalty."""
        return math.fsum((self.facts.horizon.discount_mid * self.penalty_by_period).tolist())

    @cached_property
    def discounted_cost(self) -> float:
        """Σ discount_mid · (cost + penalty − vendor_inflow + dilution) − Σ discount_end · salvage."""
        salvage, end = self.amounts.salvage
        middle = self.facts.horizon.discount_mid
        parts = [*(middle * self.cost_by_period).tolist(), self.discounted_penalty, *(-salvage * end).tolist()]
        for name, sign in (("dilution", 1.0), ("vendor_inflow", -1.0)):
            entries = self.amounts.entries(name)
            parts += (sign * middle[entries.period] * entries.amount).tolist()
        return math.fsum(parts)

    @cached_property
    def turnover(self) -> float:
        """Sum of the sizes of what the discounted cost is made of, for tolerances."""
        salvage, _ = self.amounts.salvage
        parts = [*np.abs(self.amounts.cash.usd).tolist(), *self.penalty_by_period.tolist(), *salvage.tolist()]
        return math.fsum([*parts, self._sum("dilution"), self._sum("vendor_inflow")])

    @cached_property
    def values(self) -> dict[str, float]:
        """The totals by name."""
        amounts = self.amounts
        return {
            "discounted_cost": self.discounted_cost,
            "cost": math.fsum(self.cost_by_period.tolist()),
            **{name: self._sum(name) for name in OF if name not in ("cost", "resale", "sublet")},
            "vendor_inflow": self._sum("vendor_inflow"),
            "penalty": math.fsum(self.penalty_by_period.tolist()),
            "dilution": self._sum("dilution"),
            "salvage": math.fsum(amounts.salvage[0].tolist()),
            "committed_tail": self._sum("committed_tail"),
            "carbon": self._sum("carbon"),
            "resale": 0.0 - math.fsum(amounts.cash.of("resale").usd.tolist()),
            "sublet_income": 0.0 - math.fsum(amounts.cash.of("sublet").usd.tolist()),
            "change": self._sum("change"),
            "served_value": self._served_value(),
            "peak_power": self._peak(amounts.power),
            "peak_chips": self._peak(amounts.chips),
        }

    def _served_value(self) -> float:
        """Price of the work served; of a training run no more than its work."""
        serving = self.amounts.decisions.serving
        done = fsum_by(serving.work, serving.amount, len(self.facts.works))
        most = np.array([math.inf if work.work is None else work.work for work in self.facts.works])
        return math.fsum((np.minimum(done, most) * self.facts.unmet_usd).tolist())

    @cached_property
    def tolerances(self) -> dict[str, float]:
        """By how much each total may differ."""
        tolerances = {name: SAME * abs(value) + SAME for name, value in self.values.items()}
        tolerances["cost"] = SAME * self.turnover + SAME + self.amounts.doubtful_usd
        tolerances["shortfall_cost"] += self.amounts.doubtful_usd
        tolerances["penalty"] = HELD * abs(self.values["penalty"]) + SAME + self.doubtful_usd
        tolerances["discounted_cost"] = HELD * self.turnover + SAME + self.doubtful_usd
        return tolerances

    def _sum(self, quantity: str) -> float:
        return math.fsum(self.amounts.entries(quantity).amount.tolist())

    def _peak(self, level: FloatArray) -> float:
        cells = level.reshape(level.shape[0], -1).T
        return max(math.fsum(cell) for cell in cells.tolist())


ENDINGS: Final = ("optimal", "limit", "cancelled")
"""How a solve that has a plan may have ended."""


def check_result(findings: Findings, scenario: Scenario, totals: Totals, result: object) -> None:
    """Find an objective that the decisions do not have, a bound above it, and a gap that is not theirs."""
    if not isinstance(result, Mapping):
        findings.add("result", "is missing or not a mapping", type(result).__name__, "how the solve ended")
        return
    findings.count("result", 5)
    if result.get("ending") not in ENDINGS:
        findings.add("result.ending", "is not an ending with a plan", result.get("ending"), ", ".join(ENDINGS))
    names = ["objective", "seconds"]
    # a solve may end without a bound, and then has no gap
    bounded = result.get("bound") is not None or result.get("gap") is not None
    names += ["bound", "gap"] if bounded else []
    bad = [name for name in names if not is_number(result.get(name))]
    for name in bad:
        findings.add(f"result.{name}", "is not a number that can be read", result.get(name), "a finite number")
    if not bad:
        objective = float(result["objective"])
        _check_objective(findings, scenario, totals, objective)
        if bounded:
            _check_bound(findings, objective, float(result["bound"]), float(result["gap"]))
        if result["seconds"] < 0:
            findings.add("result.seconds", "is negative", result["seconds"], "0 or more")


def _check_objective(findings: Findings, scenario: Scenario, totals: Totals, objective: float) -> None:
    least_cost = scenario.objective == "least_cost"
    expected = totals.discounted_cost if least_cost else totals.discounted_penalty
    size = totals.turnover if least_cost else abs(expected)
    tolerance = HELD * size + SAME + totals.doubtful_usd
    if abs(objective - expected) > tolerance:
        findings.add("result.objective", "is not what the decisions amount to", objective, expected)


def _check_bound(findings: Findings, objective: float, bound: float, gap: float) -> None:
    if bound > objective + held(objective):
        findings.add("result.bound", "is above the objective", bound, objective)
    own = abs(objective - bound) / max(abs(objective), _SMALLEST_OBJECTIVE)
    if not np.isclose(gap, own, rtol=HELD, atol=SAME):
        findings.add("result.gap", "is not the gap between the objective and the bound", gap, own)
