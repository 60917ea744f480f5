"""The baseline as arrays: what was ordered and started, and which periods are fixed."""

import numpy as np

from procure.formulation.index import Bools, Floats, Index


def placed_units(index: Index) -> Floats:
    """Return the units that the baseline orders of each offer in each period, shape (offers, T)."""
    horizon = index.scenario.horizon
    number = {offer.id: code for code, offer in enumerate(index.offers)}
    units = np.zeros((len(index.offers), horizon.periods))
    for placed in index.scenario.baseline.orders if index.scenario.baseline else ():
        units[number[placed.offer], horizon.index(placed.period)] = placed.units
    return units


def begun_projects(index: Index) -> Bools:
    """Return which project the baseline starts in which period, shape (P, T)."""
    horizon = index.scenario.horizon
    number = {project.id: code for code, project in enumerate(index.scenario.projects)}
    out = np.zeros((len(number), horizon.periods), dtype=bool)
    for begun in index.scenario.baseline.starts if index.scenario.baseline else ():
        out[number[begun.project], horizon.index(begun.period)] = True
    return out


def fixed_periods(index: Index) -> Bools:
    """Return in which periods orders and starts are those of the baseline, shape (T,)."""
    baseline, horizon = index.scenario.baseline, index.scenario.horizon
    return np.arange(horizon.periods) < (baseline.fixed_periods(horizon) if baseline else 0)


def may_change(index: Index) -> Floats:
    """Return the units that the baseline orders where an order may be another, else 0, shape (offers, T)."""
    return np.where(fixed_periods(index), 0.0, placed_units(index))
