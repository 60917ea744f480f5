"""The independent audit: a plan's decisions and figures, recomputed from the scenario alone.

It shares no code with what builds or solves a model: it imports the nouns of a scenario, numpy and the
standard library. Sums are exactly rounded (`math.fsum`).
"""

import math
from collections.abc import Mapping
from typing import Any, Final

from procure.plan.audit.agreements import check_exits, check_reconciled, check_rolled, check_signs, check_unlocked
from procure.plan.audit.amounts import Amounts
from procure.plan.audit.capacity import check_capacity, check_orders, check_rents
from procure.plan.audit.comparison import compare
from procure.plan.audit.continuity import check_fixed, check_kept
from procure.plan.audit.decisions import Decisions, read_decisions
from procure.plan.audit.demand import check_demand, check_pools, check_served, check_unmet
from procure.plan.audit.facts import Facts
from procure.plan.audit.figures import expected_figures
from procure.plan.audit.funding import account_of, check_cash, check_draws
from procure.plan.audit.life import check_retirements, check_sales, check_sublets
from procure.plan.audit.limits import check_limits, limit_rows
from procure.plan.audit.projects import check_locks, check_starts, check_volumes
from procure.plan.audit.report import AuditReport, Finding, Findings
from procure.plan.audit.tables import FIGURES, Table, read_tables
from procure.plan.audit.totals import Totals, check_result
from procure.scenario.complaint import InvalidData
from procure.scenario.scenario import Scenario, build

__all__ = ["FORMAT", "AuditReport", "Finding", "audit"]

FORMAT: Final = "procure-plan/3"


def audit(plan: Mapping[str, Any]) -> AuditReport:
    """Return what is wrong with a plan, given as plain data; nothing, when it is right.

    Every rule of the scenario is tested on the decisions, every figure is computed again from the decisions,
    and the objective is compared. Data that cannot be read is a finding too; the decisions are tested only
    when all of them can be read.

    Parameters
    ----------
    plan
        Plain data with ``format``, ``scenario``, ``provenance``, ``result``, ``decisions`` and ``figures``;
        tables are columns of equal length, in any order of rows.
    """
    findings = Findings()
    if not isinstance(plan, Mapping):
        findings.add("plan", "is not a mapping", type(plan).__name__, "plan data")
        return findings.report()
    if plan.get("format") != FORMAT:
        findings.add("format", "is not the format that this audit reads", plan.get("format"), FORMAT)
    scenario = _scenario(findings, plan)
    figures = read_tables(findings, "figures", plan.get("figures"), FIGURES)
    if scenario is not None:
        facts = Facts(scenario)
        decisions = read_decisions(findings, facts, plan.get("decisions"))
        if decisions is not None:
            _test(findings, facts, decisions, figures, plan.get("result"))
    return findings.report()


def _test(findings: Findings, facts: Facts, decisions: Decisions, figures: Mapping[str, Table], result: object) -> None:
    amounts = Amounts(facts, decisions)
    check_starts(findings, facts, decisions.starts)
    check_locks(findings, facts, decisions)
    check_volumes(findings, facts, decisions)
    check_orders(findings, facts, decisions.orders, decisions.signatures)
    check_sales(findings, facts, decisions.orders, decisions.sales)
    check_retirements(findings, facts, decisions.retirements)
    check_rents(findings, facts, decisions.rents, decisions.signatures)
    check_signs(findings, facts, decisions)
    check_exits(findings, facts, decisions)
    check_unlocked(findings, facts, decisions)
    check_rolled(findings, facts, decisions, amounts.settled)
    check_fixed(findings, facts, decisions)
    check_capacity(findings, facts, amounts)
    check_sublets(findings, facts, amounts)
    check_served(findings, facts, decisions.serving)
    check_unmet(findings, facts, decisions.unmet)
    check_demand(findings, facts, amounts)
    check_pools(findings, facts, amounts)
    check_draws(findings, facts, decisions.draws)
    account = account_of(facts, amounts)
    check_cash(findings, facts, account)
    limits = limit_rows(facts, amounts)
    check_limits(findings, limits)
    totals = Totals(facts, amounts, limits)
    for name, expected in expected_figures(facts, amounts, limits, totals, account).items():
        if name in figures:
            compare(findings, figures[name], expected)
    if "windows" in figures:
        check_reconciled(findings, figures["windows"])
    check_kept(findings, facts, decisions, result)
    check_result(findings, scenario=facts.scenario, totals=totals, result=result)


def _scenario(findings: Findings, plan: Mapping[str, Any]) -> Scenario | None:
    data = plan.get("scenario")
    try:
        scenario = build(data) if isinstance(data, Mapping) else None
    except InvalidData as error:
        for complaint in error.complaints:
            findings.add(f"scenario.{complaint.field}", complaint.expected, complaint.value, complaint.remedy)
        return None
    except Exception as error:  # whatever data of the wrong shape does to a validator is the data's fault
        findings.add("scenario", "cannot be read", f"{type(error).__name__}: {error}", "the data of a scenario")
        return None
    if scenario is None:
        findings.add("scenario", "is missing or not a mapping", type(data).__name__, "the data of a scenario")
        return None
    provenance = plan.get("provenance")
    found = provenance.get("scenario_hash") if isinstance(provenance, Mapping) else None
    findings.count("provenance")
    if found != scenario.content_hash:
        what = "is not the hash of the plan's scenario"
        findings.add("provenance.scenario_hash", what, found, scenario.content_hash)
    for name, value in provenance.items() if isinstance(provenance, Mapping) else ():
        if isinstance(value, float) and not math.isfinite(value):
            findings.add(f"provenance.{name}", "is not a finite number", value, "a finite number")
    return scenario
