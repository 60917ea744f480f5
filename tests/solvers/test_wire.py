"""Frames: what is written is read, and no bytes whatever raise anything but the one error."""

from __future__ import annotations

import contextlib
import io
import json
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers.wire import Frame, WireError, read_frame, write_frame


def written(frame: Frame) -> bytes:
    """Bytes of a frame."""
    stream = io.BytesIO()
    write_frame(stream, frame)
    return stream.getvalue()


FRAME = Frame("solve", {"number": 3, "bound": -np.inf}, {"a": np.arange(5.0), "b": np.array([], dtype=bool)})


def test_round_trip() -> None:
    """Two frames in a row come back as they were, then the end."""
    stream = io.BytesIO(written(FRAME) * 2)
    for _ in range(2):
        frame = read_frame(stream)
        assert frame is not None
        assert (frame.kind, frame.fields) == (FRAME.kind, FRAME.fields)
        assert frame.arrays["a"].tolist() == [0, 1, 2, 3, 4]
        assert frame.arrays["b"].dtype == bool
    assert read_frame(stream) is None


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    cut=st.integers(1, len(written(FRAME)) - 1), place=st.integers(0, len(written(FRAME)) - 1), byte=st.integers(0, 255)
)
def test_damaged_bytes(cut: int, place: int, byte: int) -> None:
    """A frame cut short is an error; one with a changed byte is an error or some frame."""
    whole = written(FRAME)
    with pytest.raises(WireError):
        read_frame(io.BytesIO(whole[:cut]))
    with contextlib.suppress(WireError):
        read_frame(io.BytesIO(whole[:place] + bytes([byte]) + whole[place + 1 :]))


@pytest.mark.parametrize(
    "header",
    [
        "[]",
        "{}",
        "[" * 9000,
        '{"kind": "final", "fields": [1], "arrays": []}',
        '{"kind": "final", "fields": {}, "arrays": [["a", "float64", -1]]}',
        '{"kind": "final", "fields": {}, "arrays": [["a", "float64", 1e300]]}',
        '{"kind": "final", "fields": {}, "arrays": [["a", "float64", 4611686018427387904]]}',
        '{"kind": "final", "fields": {}, "arrays": [["a", "object", 1]]}',
        '{"kind": "final", "fields": {}, "arrays": [["a", [], 1]]}',
        json.dumps({"kind": "final", "fields": {}, "arrays": 3}),
    ],
)
def test_bad_header(header: str) -> None:
    """A header that is JSON but no header of ours is an error."""
    with pytest.raises(WireError):
        read_frame(io.BytesIO(struct.pack("<4sI", b"MILP", len(header)) + header.encode()))
