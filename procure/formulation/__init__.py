"""From a scenario to one sparse problem: ledger of quantities, one file per constraint family, exact reductions."""
