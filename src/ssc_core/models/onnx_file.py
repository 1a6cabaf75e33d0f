"""Weights of an ONNX file, read from the file's own structure (protocol buffers), without the package onnx.

Only the graph's initializers are looked at: of ``ModelProto`` field 7 (graph), of that field 5 (initializer),
of those the fields named below (onnx.proto, IR version 3 and later).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ssc_core.errors import FormatError

__all__ = ["read_onnx"]

_GRAPH, _INITIALIZER = 7, 5
_DIMS, _TYPE, _NAME, _RAW, _LOCATION = 1, 2, 8, 9, 14
_TYPES = {1: "<f4", 6: "<i4", 7: "<i8", 9: "?", 10: "<f2", 11: "<f8"}
_PLAIN = {1: 4, 11: 10}  # field of floats and doubles that are not kept raw
_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5


def read_onnx(path: str | Path) -> dict[str, np.ndarray]:
    """All initializers by name.

    Raises
    ------
    FormatError
        If the file is damaged, not ONNX, or keeps its weights in another file.
    """
    path = Path(path)
    try:
        model = memoryview(path.read_bytes())
        tensors = [
            tensor
            for number, graph in _fields(model)
            if number == _GRAPH and isinstance(graph, memoryview)
            for field, tensor in _fields(graph)
            if field == _INITIALIZER and isinstance(tensor, memoryview)
        ]
        return dict(_tensor(tensor, path) for tensor in tensors)
    except (IndexError, ValueError, KeyError, OSError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError("the file is damaged or not ONNX; get it again", source=path) from error


def _tensor(message: memoryview, path: Path) -> tuple[str, np.ndarray]:
    dims: list[int] = []
    found: dict[int, int | memoryview] = {}
    for number, value in _fields(message):
        if number == _DIMS:
            dims += list(_varints(value)) if isinstance(value, memoryview) else [value]
        else:
            found[number] = value
    if found.get(_LOCATION, 0) == 1:
        raise FormatError("its weights lie in another file; save the network as one ONNX file", source=path)
    name, kind = bytes(found[_NAME]).decode("utf-8"), int(found[_TYPE])
    if kind not in _TYPES:
        return name, np.empty(0, np.uint8)  # text and the like: no weights
    values = found.get(_RAW, found.get(_PLAIN.get(kind, -1), memoryview(b"")))
    return name, np.frombuffer(values, np.dtype(_TYPES[kind])).reshape(dims)  # type: ignore[arg-type]


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Numbers and values of the fields of a message."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if wire == _BYTES:
            size, at = _varint(message, at)
        elif wire in (_EIGHT, _FOUR):
            size = 8 if wire == _EIGHT else 4
        else:
            raise ValueError("no such kind of field")
        if at + size > len(message):
            raise ValueError("the message ends within a field")
        yield number, message[at : at + size]
        at += size


def _varints(packed: memoryview) -> Iterator[int]:
    at = 0
    while at < len(packed):
        value, at = _varint(packed, at)
        yield value


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """A number of seven bits per byte, lowest first, and where the next thing begins."""
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise ValueError("the number is too long")
