"""Offers and fleet with their labels."""

import pandas as pd

from procure.plan.plan import Plan
from procure.scenario.selection import SOURCE_LABELS


def sources(plan: Plan) -> pd.DataFrame:
    """Return the labels of each offer and fleet entry, indexed by its id: accelerator, vendor and so on."""
    known = plan.scenario.sources
    columns = {label: [known.values[label][code] for code in known.codes[label].tolist()] for label in SOURCE_LABELS}
    return pd.DataFrame(columns, index=pd.Index(columns["offer"], name="source"), dtype=object)
