"""Initializers of ONNX files, written here byte by byte as onnx.proto says."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssc_core.errors import FormatError
from ssc_core.models.files import read_arrays
from ssc_core.models.onnx_file import read_onnx


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(number: int, content: bytes | int) -> bytes:
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def tensor(name: str, array: np.ndarray, kind: int, *, raw: bool = True, packed: bool = True) -> bytes:
    dims = [varint(n) for n in array.shape]
    out = field(1, b"".join(dims)) if packed else b"".join(field(1, n) for n in array.shape)
    out += field(2, kind) + field(8, name.encode())
    return out + field(9 if raw else {1: 4, 11: 10}[kind], array.tobytes())


def model(*tensors: bytes) -> bytes:
    graph = field(2, b"a graph") + b"".join(field(5, t) for t in tensors)
    return field(1, 8) + field(2, b"ZZ exporter") + field(7, graph)


WEIGHT = np.arange(300, dtype="<f4").reshape(2, 150) / 7


def test_all_ways_of_keeping_numbers_are_read(tmp_path: Path) -> None:
    (tmp_path / "w.onnx").write_bytes(
        model(
            tensor("raw", WEIGHT, 1),
            tensor("listed", WEIGHT, 1, raw=False, packed=False),
            tensor("half", WEIGHT.astype("<f2"), 10),
            tensor("double", WEIGHT.astype("<f8"), 11, raw=False),
            tensor("shape", np.array([1, -1], "<i8"), 7),
            tensor("scalar", np.array(2.5, "<f4"), 1),
        )
    )
    found = read_arrays(tmp_path / "w.onnx")
    for name in ("raw", "listed", "double"):
        assert np.array_equal(found[name], WEIGHT), name
    assert np.allclose(found["half"], WEIGHT, rtol=1e-3)
    assert found["shape"].tolist() == [1, -1]
    assert found["scalar"].shape == ()


def test_weights_in_another_file_are_refused(tmp_path: Path) -> None:
    outside = field(1, 3) + field(2, 1) + field(8, b"w") + field(13, b"") + field(14, 1)
    (tmp_path / "w.onnx").write_bytes(model(outside))
    with pytest.raises(FormatError, match="another file"):
        read_onnx(tmp_path / "w.onnx")


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(0, 700), noise=st.binary(max_size=12))
def test_damage_is_one_sentence_or_harmless(
    cut: int, noise: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    whole = model(tensor("w", WEIGHT, 1))
    path = tmp_path_factory.mktemp("o") / "w.onnx"
    path.write_bytes(whole[:cut] + noise)
    with contextlib.suppress(FormatError):  # and no other kind of error
        assert all(isinstance(a, np.ndarray) for a in read_arrays(path).values())
