"""Frames on a pipe: a small JSON header, then the raw bytes of numpy arrays. No pickle."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

_PREFIX = struct.Struct("<4sI")
_MAGIC = b"MILP"
_LARGEST_HEADER = 1 << 20
_DTYPES = {"float64", "int64", "int32", "int8", "bool"}


class WireError(ValueError):
    """The bytes on the pipe are not a frame, or end inside one."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One message: its kind, plain fields and named one-dimensional arrays."""

    kind: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)


def write_frame(stream: BinaryIO, frame: Frame) -> None:
    """Write a frame and flush; array bytes go out without a copy."""
    layout = [[name, array.dtype.name, len(array)] for name, array in frame.arrays.items()]
    header = json.dumps({"kind": frame.kind, "fields": dict(frame.fields), "arrays": layout}).encode()
    stream.write(_PREFIX.pack(_MAGIC, len(header)) + header)
    for array in frame.arrays.values():
        if len(array):
            stream.write(memoryview(np.ascontiguousarray(array).data).cast("B"))
    stream.flush()


def read_frame(stream: BinaryIO) -> Frame | None:
    """Read the next frame, ``None`` at the end of the stream.

    Raises
    ------
    WireError
        When the bytes are not a frame or end inside one.
    """
    first = stream.read(1)
    if not first:
        return None
    magic, length = _PREFIX.unpack(first + _exactly(stream, _PREFIX.size - 1))
    if magic != _MAGIC or length > _LARGEST_HEADER:
        raise WireError(f"expected a frame, got bytes starting with {magic!r}")
    try:
        header = json.loads(_exactly(stream, length))
        kind, fields, layout = header["kind"], dict(header["fields"]), header["arrays"]
        arrays = {name: _read_array(stream, dtype, count) for name, dtype, count in layout}
    except WireError:
        raise
    except (KeyError, TypeError, ValueError, RecursionError, MemoryError) as error:
        raise WireError(f"malformed frame header: {error!r}") from error
    return Frame(kind, fields, arrays)


def _read_array(stream: BinaryIO, dtype: str, count: int) -> NDArray[Any]:
    """Read one array; only plain number types are accepted."""
    if dtype not in _DTYPES:
        raise WireError(f"array of type {dtype!r}; expected one of {sorted(_DTYPES)}")
    array = np.empty(count, dtype=dtype)
    target = memoryview(array.data).cast("B") if count else memoryview(bytearray())
    while len(target):
        done = stream.readinto(target)  # type: ignore[attr-defined]  # BinaryIO lacks it, every real stream has it
        if not done:
            raise WireError("the stream ended inside an array")
        target = target[done:]
    return array


def _exactly(stream: BinaryIO, count: int) -> bytes:
    """Read exactly ``count`` bytes."""
    data = stream.read(count)
    if len(data) != count:
        raise WireError("the stream ended inside a frame")
    return data
