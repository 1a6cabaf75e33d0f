"""Features on disk come back as they were, byte for byte the same, and know what they are."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ssc_core.errors import FormatError, InputError, OutputError
from ssc_core.io.features import FeatureMeta, read_features, write_features

META = FeatureMeta(
    "b-1", "alexnet", "fc6", False, "sha256:ab", "RGB in 0 to 1", 227, (1.762, 1.762), False, 7, 100,
    0.4, 0.6, True, ("a flag",),
)  # fmt: skip


def table(n: int) -> pd.DataFrame:
    return pd.DataFrame({"field": range(1, n + 1), "y_um": np.arange(n) / 3, "x_um": np.arange(n) * 1.7})


numbers = hnp.arrays(
    np.float32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.floats(-1e6, 1e6, width=32)
)


@settings(max_examples=20, deadline=None)
@given(values=numbers)
def test_what_is_written_is_read(values: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("f")
    names = [f"fc6_{k}" for k in range(values.shape[1])]
    write_features(folder, values, names, table(len(values)), META)
    found = read_features(folder)
    assert np.array_equal(found.features, values)
    assert found.features.dtype == np.float32
    assert found.names == tuple(names)
    assert found.meta == META
    pd.testing.assert_frame_equal(found.patches, table(len(values)), check_dtype=False)


def test_missing_stays_missing_and_unknown_stays_unknown(tmp_path: Path) -> None:
    values = np.array([[1.0, np.nan]], np.float32)
    write_features(tmp_path, values, ["a", "b"], table(1), replace(META, covered=math.nan, trichrome=None))
    found = read_features(tmp_path)
    assert np.isnan(found.features[0, 1])
    assert math.isnan(found.meta.covered)
    assert found.meta.trichrome is None


def test_the_same_features_are_the_same_bytes(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(100, 300)).astype(np.float32)
    contents = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        write_features(folder, values, [f"f{k}" for k in range(300)], table(100), META)
        contents.append(
            {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
        )
    assert contents[0] == contents[1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"backbone": "alexnet-bvlc"}, "backbone 'alexnet-bvlc' instead of 'alexnet'"),
        ({"relu": True}, "relu True instead of False"),
        ({"weights": "sha256:cd"}, "weights"),
        ({"layer": "fc7"}, "layer"),
        ({"patch_mpp": (0.176, 0.176)}, "patches of 0.176 um/px instead of 1.762 um/px"),
        ({"patch_mpp": (1.763, 1.763)}, ""),
        ({"case_id": "b-2", "seed": 9, "asked": 3, "flags": ()}, ""),
    ],
)
def test_other_quantities_are_told_apart(change: dict, said: str) -> None:
    assert said in "; ".join(META.unlike(replace(META, **change)))
    assert bool(META.unlike(replace(META, **change))) == bool(said)


@pytest.mark.parametrize(
    ("values", "names", "said"),
    [
        (np.zeros((2, 2)), ["a", "b"], "float32"),
        (np.zeros((0, 2), np.float32), ["a", "b"], "not empty"),
        (np.zeros((2, 3), np.float32), ["a", "b"], "2 x 3 features do not fit"),
        (np.zeros((2, 2), np.float32), ["a", "a"], "same name"),
        (np.full((2, 2), np.inf, np.float32), ["a", "b"], "infinite"),
    ],
)
def test_what_does_not_fit_is_not_written(values: np.ndarray, names: list, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        write_features(tmp_path, values, names, table(2), META)
    assert not list(tmp_path.iterdir())


def test_an_earlier_result_is_not_overwritten(tmp_path: Path) -> None:
    values = np.zeros((2, 1), np.float32)
    write_features(tmp_path, values, ["a"], table(2), META)
    with pytest.raises(OutputError, match="already"):
        write_features(tmp_path, values, ["a"], table(2), META)


def test_damaged_features_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="ssc skin features"):
        read_features(tmp_path)
    write_features(tmp_path, np.ones((2, 1), np.float32), ["a"], table(2), META)
    chunk = tmp_path / "features.zarr" / "0.0"
    chunk.write_bytes(chunk.read_bytes()[:7])
    with pytest.raises(FormatError, match="damaged or incomplete"):
        read_features(tmp_path)
    chunk.unlink()
    with pytest.raises(FormatError, match="damaged or incomplete"):
        read_features(tmp_path)
    (tmp_path / "features.json").write_text("{}")
    with pytest.raises(FormatError, match="damaged or incomplete"):
        read_features(tmp_path)
