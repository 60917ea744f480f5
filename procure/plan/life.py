"""What becomes of capacity before its end: retired, sold early, let to others."""

from collections.abc import Iterable

import numpy as np

from procure.formulation.index import Floats, Index, sums
from procure.formulation.ledger import Decisions, Ledger

Row = tuple[str, str, str, str, float, float]


def life_rows(index: Index, ledger: Ledger, answer: Floats) -> Iterable[Row]:
    """Yield action, source, order period, period, chips (let: on average over the period) and USD that they bring."""
    money = ledger.quantity("money")
    decided = money.column >= 0
    brings = -sums(money.column[decided], money.value(answer)[decided], len(answer))
    for kind, action in (("retire", "retire"), ("sell", "sell"), ("sublet", "let")):
        table = ledger.tables.get(kind)
        if table is not None:
            yield from _of_kind(index, action, table, answer[table.column], brings[table.column])


def _of_kind(index: Index, action: str, table: Decisions, amount: Floats, usd: Floats) -> Iterable[Row]:
    source, period = table.labels["source"], table.labels["period"]
    ordered = table.labels.get("ordered", np.full(table.size, -1))
    chips = amount * (index.chips_per_unit[source] if action == "sell" else 1.0)
    if "slice" in table.labels:
        chips = chips * index.scenario.horizon.slice_shares[table.labels["slice"]]
    keys, row = np.unique(np.stack([source, ordered, period]), axis=1, return_inverse=True)
    row, labels = row.reshape(-1), index.scenario.horizon.labels
    for key, number, value in zip(
        keys.T.tolist(), *(sums(row, part, keys.shape[1]).tolist() for part in (chips, usd)), strict=True
    ):
        when = labels[key[1]] if key[1] >= 0 else ""
        yield action, index.source_ids[key[0]], when, labels[key[2]], number, value
