"""Values as one line of YAML: the fast reader and the full one agree, and nothing is lost."""

import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procure.scenario.complaint import InvalidData
from procure.scenario.document import read_value
from procure.scenario.flow import flow, read_flow

WORDS = (
    "a", "2027", "2.5 bn", "null", "True", "~", "007", "1e5", "1E5", "0x1F", "a: b", "- a", "-5", "", "[x", "{", '"',
    "nan",     "2027-Q1", "1_0", ".5", "5.", "12:30", "60 %", "$", "a b",
    "]", ",", " a", "a ", "a  b", "a\nb", "\ud7ff", "😀", "\x85",
)  # fmt: skip
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(WORDS)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=8
)
PIECES = [*"{}[],:\"'# ab1.-~", ": ", ", ", "{a: ", "true", "&x", "*x", "!!", "1_0", "007"]


@settings(max_examples=300, derandomize=True, deadline=None, database=None)
@given(VALUES)
def test_any_value_reads_back(value):
    """With its types, by the fast reader and by the full one; on one line."""
    text = flow(value)
    assert "\n" not in text
    assert repr(read_flow(text)) == repr(value)
    if isinstance(value, dict | list):
        assert repr(read_value(text)) == repr(value)


def outcome(read, text):
    try:
        return repr(read(text))
    except (ValueError, InvalidData):
        return "not readable"


@settings(max_examples=300, derandomize=True, deadline=None, database=None)
@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_the_fast_reader_reads_as_the_full_one_does(pieces):
    """What somebody types is the same value in a cell and in a file, or readable in neither."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of repeated anchors
        for text in (f"{{a: {pieces}}}", f"[{pieces}]"):
            assert outcome(read_flow, text) == outcome(read_value, text)


@pytest.mark.parametrize(
    "text", ["{a: 1", "[1, 2", "{a: 1}}", '"a', "[" * 5000, "{a: 1, a: 2}", "[!!python/name:os.system ]"]
)
def test_what_is_not_readable_says_so(text):
    """Cut off, too deep, a key twice, a tag: one ValueError with words."""
    with pytest.raises(ValueError, match=r"\w"):
        read_flow(text)
