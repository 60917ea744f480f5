"""What was decided before: the orders, starts and signatures that a plan continues from."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import Field

from procure.scenario.horizon import Horizon, When
from procure.scenario.noun import Id, Noun
from procure.scenario.units import Money, Positive


class Placed(Noun):
    """Units of an offer ordered in a period."""

    offer: Id
    period: When
    units: Positive


class Begun(Noun):
    """A project started in a period."""

    project: Id
    period: When


class Baseline(Noun):
    """The plan as it stands: its orders, the starts of its projects, the agreements signed.

    - In the periods before ``fixed_until`` everything is placed: orders and starts there are exactly these, none added
      and none dropped, and agreements that begin there stay signed. What an order costs is paid as ever.
    - In the others, a chip ordered more or fewer than here is a change; each is paid for at
      ``switching_usd_per_chip``, in the period of the order, and limits may bound their number.
    - Orders, starts and signatures are kept as they are unless a change saves more than the gap that is asked for.

    What was ordered before the horizon is no part of it, but of the fleet.
    """

    orders: tuple[Placed, ...] = ()
    starts: tuple[Begun, ...] = ()
    signed: tuple[Id, ...] = Field(default=(), description="Agreements that are signed")
    fixed_until: When | None = Field(default=None, description="What is decided in periods before this date is placed")
    switching_usd_per_chip: Money = Field(
        default=0.0, description="Paid for each chip ordered more or fewer than in the baseline, where that may be"
    )

    def fixed_periods(self, horizon: Horizon) -> int:
        """Return how many periods, from the first, are fixed."""
        return max(horizon.index(self.fixed_until), 0) if self.fixed_until else 0


def baseline_of(decisions: Mapping[str, Any], horizon: Horizon) -> tuple[Baseline, tuple[str, ...]]:
    """Return what of a plan's decisions makes a baseline, and what of that falls outside the horizon, as text.

    Orders, starts and signatures do; what is rented, served and left undone follows the demand and is decided anew.
    Orders of one offer that fall into one period of the horizon are one.

    Parameters
    ----------
    decisions
        The tables ``orders``, ``starts`` and ``signs`` of a plan.
    """
    placed: dict[tuple[str, int], float] = {}
    begun: dict[str, int] = {}
    outside = []
    for offer, period, units in _rows(decisions["orders"], "offer", "period", "units"):
        number = horizon.index(str(period))
        if 0 <= number < horizon.periods:
            placed[str(offer), number] = placed.get((str(offer), number), 0.0) + float(units)
        else:
            outside.append(f"the order of {float(units):g} {offer} in {period}")
    for project, period in _rows(decisions["starts"], "project", "period"):
        number = horizon.index(str(period))
        if 0 <= number < horizon.periods:
            begun[str(project)] = number
        else:
            outside.append(f"the start of {project} in {period}")
    orders = tuple(Placed(offer=o, period=horizon.labels[t], units=units) for (o, t), units in placed.items())
    starts = tuple(Begun(project=project, period=horizon.labels[t]) for project, t in begun.items())
    signed = tuple(str(agreement) for (agreement,) in _rows(decisions["signs"], "agreement"))
    return Baseline(orders=orders, starts=starts, signed=signed), tuple(outside)


def _rows(table: Mapping[str, Sequence[Any]], *columns: str) -> Iterable[tuple[Any, ...]]:
    return zip(*(table[column] for column in columns), strict=True)
