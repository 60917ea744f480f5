"""What differs between two scenarios: found whole, told by path, and no more than there is."""

from copy import deepcopy
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procure.scenario.difference import differences
from procure.scenario.edit import set_path
from procure.scenario_file import bundled, load

SCENARIOS = {name: load(name).data() for name in bundled()}
SAYING = ("funding", "baseline", "covers")
VALUES = (
    0.5, 1, True, False, "2.5 bn", "x", None, [], {}, [1, 2], {"vendor": ["nvidia"]}, {"2027": 1, "2028": 2},
    {"start": 1, "growth_per_year": 0.1}, [{"id": "a", "share": 0.3}, {"id": "b", "share": 0.7}], {"a.b": 1},
)  # fmt: skip


def edited(seed, data):
    """Return a copy with one to six changes at random places, sensible or not."""
    rng, data = Random(seed), deepcopy(data)
    for _ in range(rng.randint(1, 6)):
        here = data
        for _ in range(rng.randint(0, 4)):
            below = [v for v in (here.values() if isinstance(here, dict) else here) if isinstance(v, dict | list) and v]
            here = rng.choice(below) if below else here
        keys = list(here) if isinstance(here, dict) else list(range(len(here)))
        kind = rng.choice(["change", "change", "remove", "shuffle", "copy", "nothing", "add"])
        if kind == "change":
            here[rng.choice(keys)] = deepcopy(rng.choice(VALUES))
        elif kind == "remove" and len(keys) > 1:
            del here[rng.choice(keys)]
        elif kind == "shuffle" and isinstance(here, list):
            rng.shuffle(here)
        elif kind == "copy" and isinstance(here, list):
            one = deepcopy(rng.choice(here))
            if isinstance(one, dict) and "id" in one:
                one["id"] = rng.choice([one["id"], f"{one['id']}.max", "a.new.one", "other", 7])
            here.append(one)
        elif kind == "nothing" and isinstance(here, dict):
            here.update(rng.choice([{"limits": []}, {"where": {}}, {"note": None}]))
        elif kind == "add" and here is data:
            more = {"funding": {}, "baseline": {}, "limits": [{"quantity": "spend", "max": 1}]}
            here.update(deepcopy({key: more[key] for key in rng.sample(list(more), 1)}))
            if "funding" in here and rng.random() < 0.5:
                here["funding"] = {"opening_usd": rng.random(), "tranches": [{"id": "a.b", "usd": rng.random()}]}
    return data


def canonical(value, key=""):
    """Return data without what is empty, entries in the order of their ids, truth values unlike numbers."""
    if isinstance(value, dict):
        pairs = {k: canonical(v, k) for k, v in value.items()}
        return {k: v for k, v in pairs.items() if not (v is None or v == [] or (v == {} and k not in SAYING))}
    if isinstance(value, list):
        entries = [canonical(entry) for entry in value]
        named = entries and all(isinstance(entry, dict) and isinstance(entry.get("id"), str) for entry in entries)
        return sorted(entries, key=lambda entry: (entry["id"], repr(entry))) if named else entries
    return ("truth", value) if isinstance(value, bool) else value


def applied(data, changes):
    data = deepcopy(data)
    for change in changes:
        set_path(data, change.path, deepcopy(change.after))
    return data


@settings(max_examples=150, derandomize=True, deadline=None, database=None)
@given(st.sampled_from(bundled()), st.integers(0, 2**32), st.integers(0, 2**32))
def test_the_changes_turn_one_scenario_into_the_other(name, first, second):
    """Drafts as they may be in the midst of editing, with ids that are taken, missing or full of dots."""
    one, other = edited(first, SCENARIOS[name]), edited(second, SCENARIOS[name])
    there, back = differences(one, other), differences(other, one)
    assert canonical(applied(one, there)) == canonical(other)
    assert canonical(applied(other, back)) == canonical(one)
    assert len({change.path for change in there}) == len(there)
    assert differences(one, one) == ()
    for change in there:
        assert change.path == ".".join(filter(None, (change.entry, change.field)))
        assert str(change)
        assert "\n" not in str(change)


def test_order_and_emptiness_are_no_difference():
    """Entries the other way round, an empty list, a null."""
    data = SCENARIOS["enterprise"]
    other = {
        **data,
        "offers": data["offers"][::-1],
        "limits": data["limits"][::-1],
        "fleet": data["fleet"],
        "note": None,
    }
    assert differences({**data, "projects": data["projects"], "baseline": None}, other) == ()
    without = {key: value for key, value in data.items() if key != "fleet"}
    assert differences(without, {**without, "fleet": []}) == ()
    assert differences(without, {**without, "funding": {}}) != ()  # no cash at all is something


@pytest.mark.parametrize(
    ("path", "value", "told", "entry"),
    [
        ("limits.nvidia_share.max_share", 0.5, "limit nvidia_share: max_share 0.6 → 0.5", "limits.nvidia_share"),
        ("limits.nvidia_share", None, "limit nvidia_share removed", "limits.nvidia_share"),
        ("limits.new.cap", {"id": "new.cap", "quantity": "spend", "max": 1}, "limit new.cap added", "limits.new.cap"),
        ("horizon.periods", 4, "horizon: periods 12 → 4", "horizon"),
        ("objective", "most_served_value", "objective set to most_served_value", "objective"),
        ("funding.tranches.loan.usd", 2.5e9, "tranche loan: usd 1 → 2,500,000,000", "funding.tranches.loan"),
        ("funding", None, "funding {opening_usd: 5, tranches: [{id: loan, kind: debt, usd: 1}]} removed", "funding"),
        ("limits.nvidia_share.where", {"vendor": ["amd"]}, "limit nvidia_share: where.vendor [nvidia] → [amd]",
         "limits.nvidia_share"),
    ],
)  # fmt: skip
def test_a_change_is_told_by_its_entry(path, value, told, entry):
    """The noun, its name, the field, what it was and what it is."""
    before = deepcopy(SCENARIOS["enterprise"])
    before["funding"] = {"opening_usd": 5, "tranches": [{"id": "loan", "kind": "debt", "usd": 1}]}
    set_path(before, "limits.nvidia_share.max_share", 0.6)
    before["horizon"]["periods"] = 12
    after = deepcopy(before)
    set_path(after, path, value)
    (change,) = differences(before, after)
    assert (str(change), change.entry) == (told, entry)


def test_a_list_or_a_series_is_one_change():
    """Fees and prices are told as a whole; slices and throughput by their names."""
    before = {"agreements": [{"id": "a", "fees": [{"usd": 1}]}], "offers": [{"id": "o", "price_path": {"2027": 1}}]}
    after = {"agreements": [{"id": "a", "fees": [{"usd": 2}, {"usd": 3}]}],
             "offers": [{"id": "o", "price_path": {"2027": 1, "2028": 0.9}}]}  # fmt: skip
    assert [change.path for change in differences(before, after)] == ["agreements.a.fees", "offers.o.price_path"]
    before = {"horizon": {"slices": [{"id": "day", "share": 0.4}]}, "workloads": [{"id": "w", "throughput": {"h": 1}}]}
    after = {"horizon": {"slices": [{"id": "day", "share": 0.5}]}, "workloads": [{"id": "w", "throughput": {"b": 2}}]}
    paths = ["horizon.slices.day.share", "workloads.w.throughput.h", "workloads.w.throughput.b"]
    assert [change.path for change in differences(before, after)] == paths
