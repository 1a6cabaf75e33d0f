"""The commands, from a CT to files, and back from the files."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

from ssc_core.cli import app
from ssc_core.cli.outcome import exit_code_of
from ssc_core.io.store import read_array
from ssc_core.lung.heatmap import case as case_module
from ssc_core.lung.heatmap.study import read_mapped


@pytest.fixture(scope="module")
def ct(slice_, tmp_path_factory):
    """A CT of three slices (the lowest healthy), named as patients must not be, and its lungs."""
    hu, lung, _ = slice_
    folder = tmp_path_factory.mktemp("ct")
    rng = np.random.default_rng(0)
    healthy = np.where(lung, -860.0, 30.0) + rng.normal(0, 8, hu.shape)
    half = np.where(np.arange(192)[:, None] > 140, hu, healthy)
    stack = np.stack([healthy, half, hu])
    paths = []
    for name, values in (
        ("ZZNAME.nii.gz", stack.astype(np.int16)),
        ("ZZNAME-lungs.nii.gz", np.stack([lung] * 3)),
    ):
        image = sitk.GetImageFromArray(values.astype(np.int16))
        image.SetSpacing((1.5, 1.5, 30.0))
        image.SetOrigin((-100.0, -80.0, 250.0))
        sitk.WriteImage(image, str(folder / name))
        paths.append(folder / name)
    return paths


@pytest.fixture
def by_density(scorer, monkeypatch):
    monkeypatch.setattr(case_module, "scorer_of", lambda name, device="auto": scorer)


@pytest.fixture(scope="module")
def mapped(ct, scorer, tmp_path_factory):
    out = tmp_path_factory.mktemp("maps") / "maps"
    ct_path, mask = map(str, ct)
    command = ["lung", "heatmap", ct_path, "-o", str(out), "--mask", mask, "--slices", "0", "1", "2"]
    command += ["--window", "32", "--stride", "16", "--threshold", "-0.5", "-0.5", "-0.5"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(case_module, "scorer_of", lambda name, device="auto": scorer)
        assert exit_code_of(app, command) == 0
    return out


def test_maps_lie_in_the_frame_of_the_ct_and_name_nobody(mapped, ct, slice_, capsys):
    _, lung, lesions = slice_
    source = sitk.ReadImage(str(ct[0]))
    for name in ("heatmap_tot", "heatmap_gg", "heatmap_ret", "patterns", "lungs"):
        image = sitk.ReadImage(str(mapped / f"{name}.nii.gz"))
        assert image.GetSize() == source.GetSize()
        assert np.allclose(image.GetOrigin(), source.GetOrigin())
        ours = np.asarray(read_array(mapped / f"{name}.ome.zarr")[0])
        assert ours.shape == (3, 192, 192)
    tot = np.asarray(read_array(mapped / "heatmap_tot.ome.zarr")[0])
    # the file's axes may run the other way; compare what does not depend on that
    assert np.nanmin(tot) == pytest.approx(
        np.nanmin(sitk.GetArrayFromImage(sitk.ReadImage(str(mapped / "heatmap_tot.nii.gz"))))
    )
    assert np.isfinite(tot[2][lung]).all()
    assert np.isnan(tot[2][~lung]).all()
    assert np.nanmean(tot[2][lesions[0]]) < 5 * np.nanmean(tot[2][lung & ~lesions[0]])
    assert np.nanmax(np.abs(tot[0])) < 0.5
    table = pd.read_csv(mapped / "scores.csv")
    assert table["slice"].tolist() == [0, 1, 2]
    assert table["tot"].is_monotonic_increasing
    assert table["tot_derived"].iloc[0] == 0
    record = json.loads((mapped / "run.json").read_text())
    assert record["parameters"]["window"] == 32
    assert record["inputs"]["mask"].startswith("sha256:")
    assert (mapped / "heatmaps.png").stat().st_size > 10000
    for file in mapped.rglob("*"):
        if file.is_file():
            assert b"ZZNAME" not in file.read_bytes()


def test_threshold_and_agreement_from_results(mapped, tmp_path, capsys):
    out = tmp_path / "threshold"
    assert exit_code_of(app, ["lung", "heatmap-threshold", str(mapped), "-o", str(out)]) == 0
    assert "flatters" in capsys.readouterr().out
    chosen = pd.read_csv(out / "threshold.csv")
    assert chosen["threshold"].between(-4, 0).all()
    assert (chosen["mae"] < 15).all()
    assert len(pd.read_csv(out / "derived.csv")) == 3
    assert (out / "threshold.png").is_file()
    assert (out / "explained.png").is_file()
    assert len(read_mapped([mapped, mapped]).maps) == 6
    assert exit_code_of(app, ["lung", "heatmap-threshold", str(tmp_path), "-o", str(out)]) == 2
    assert "no result of" in capsys.readouterr().err


def test_edited_masks_are_scored(mapped, ct, slice_, tmp_path):
    _, lung, _lesions = slice_
    image = sitk.ReadImage(str(mapped / "patterns.nii.gz"))
    labels = sitk.GetArrayFromImage(image)
    labels[:] = 0
    edited = sitk.GetImageFromArray(labels)
    edited.CopyInformation(image)
    edited[50, 140, 2] = 1
    sitk.WriteImage(edited, str(tmp_path / "edited.nii.gz"))
    out = tmp_path / "scores.csv"
    command = [
        "lung",
        "pattern-scores",
        str(tmp_path / "edited.nii.gz"),
        str(ct[0]),
        str(ct[1]),
        "--out",
        str(out),
    ]
    assert exit_code_of(app, command) == 0
    table = pd.read_csv(out).set_index("slice")
    assert table.loc[2, "gg"] == pytest.approx(100 / lung.sum())
    assert table.loc[[0, 1], "tot"].tolist() == [0, 0]
    assert exit_code_of(app, command) == 2  # the table exists


def test_what_cannot_be_done_is_said(ct, by_density, tmp_path, capsys):
    ct_path, mask = map(str, ct)
    out = str(tmp_path / "o")
    assert exit_code_of(app, ["lung", "heatmap", ct_path, "-o", out, "--mask", mask, "--slices", "7"]) == 2
    assert "slice 7 does not exist" in capsys.readouterr().err
    single = tmp_path / "one.nii.gz"
    sitk.WriteImage(sitk.ReadImage(ct_path)[:, :, 2:3], str(single))
    assert exit_code_of(app, ["lung", "heatmap", str(single), "-o", out]) == 2
    assert "--mask" in capsys.readouterr().err
    assert not (tmp_path / "o").exists()
    alone = sitk.ReadImage(mask)[:, :, 2:3]
    sitk.WriteImage(alone, str(tmp_path / "one-lungs.nii.gz"))
    command = ["lung", "heatmap", str(single), "-o", out, "--mask", str(tmp_path / "one-lungs.nii.gz")]
    assert exit_code_of(app, [*command, "--window", "64", "--stride", "64", "--replacement", "constant"]) == 0
    assert pd.read_csv(tmp_path / "o" / "scores.csv")["squares"].tolist() == [9]
