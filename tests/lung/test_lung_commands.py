"""``ssc lung mask``, ``levels`` and ``evaluate-levels`` from the command line to the files."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

from ssc_core.cli import app
from ssc_core.cli.outcome import exit_code_of
from ssc_core.io.digest import file_digest
from ssc_core.io.volume import open_volume


def ssc(*arguments):
    return exit_code_of(app, [str(a) for a in arguments])


def test_a_mask_lies_in_the_frame_of_its_ct(ct_file, healthy, healthy_result, tmp_path, capsys):
    assert ssc("lung", "mask", ct_file, "-o", tmp_path / "m.nii.gz") == 0
    assert "mask: good" in capsys.readouterr().out
    source, mask = sitk.ReadImage(str(ct_file)), sitk.ReadImage(str(tmp_path / "m.nii.gz"))
    for get in ("GetSize", "GetSpacing", "GetOrigin", "GetDirection"):
        assert getattr(mask, get)() == pytest.approx(getattr(source, get)(), abs=1e-4)
    assert np.array_equal(sitk.GetArrayFromImage(mask)[::-1], healthy_result.mask)
    passport = json.loads((tmp_path / "m-run.json").read_text())
    assert (passport["grade"], passport["reasons"]) == ("good", [])
    assert (tmp_path / "m-overview.png").stat().st_size > 10_000
    assert ssc("lung", "mask", ct_file, "-o", tmp_path / "m.nii.gz") == 2
    assert "exists already" in capsys.readouterr().err


def test_one_file_of_levels_with_its_evidence(ct_file, healthy_result, tmp_path, capsys):
    assert ssc("lung", "levels", ct_file, "-o", tmp_path / "l.csv") == 0
    table = pd.read_csv(tmp_path / "l.csv")
    assert table["level"].tolist() == [1, 2, 3, 4, 5]
    assert table["z_mm"].to_numpy() == pytest.approx([v.z_mm for v in healthy_result.levels], abs=0.01)
    assert table["z_mm"].is_monotonic_decreasing
    assert {"slice", "uncertainty_mm", "method", "note"} <= set(table.columns)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "l-overview.png", "l-run.json", "l-sections.png", "l.csv"
    ]  # fmt: skip
    assert all(b"ZZNAME" not in p.read_bytes() for p in tmp_path.iterdir())


@pytest.mark.parametrize(("command", "name"), [("mask", "m.mha"), ("levels", "l.xlsx")])
def test_other_endings_are_refused_in_a_sentence(ct_file, tmp_path, capsys, command, name):
    assert ssc("lung", command, ct_file, "-o", tmp_path / name) == 2
    assert "name it so" in (said := capsys.readouterr().err) or "name the file so" in said


def test_a_manifest_is_run_resumed_and_compared(ct_file, healthy, tmp_path, capsys):
    broken = tmp_path / "broken.nii.gz"
    broken.write_bytes(b"no image")
    manifest, out = tmp_path / "m.csv", tmp_path / "out"
    pd.DataFrame({"case_id": ["a", "b"], "ct": [ct_file, broken]}).to_csv(manifest, index=False)
    assert ssc("lung", "levels", manifest, "-o", out) == 3
    levels = pd.read_csv(out / "levels.csv")
    assert levels["case_id"].tolist() == ["a"] * 5
    before = (out / "cases" / "a" / "levels.csv").stat().st_mtime_ns
    assert ssc("lung", "levels", manifest, "-o", out) == 3
    assert "1 finished before" in capsys.readouterr().out
    assert (out / "cases" / "a" / "levels.csv").stat().st_mtime_ns == before


def test_levels_are_compared_with_a_reader(tmp_path):
    rng = np.random.default_rng(4)
    rows = [(f"p{p}", n, 300.0 - 45 * n + p) for p in range(12) for n in range(1, 6)]
    truth = pd.DataFrame(rows, columns=["patient", "level", "z_mm"]).assign(slice=lambda t: t["z_mm"] / 1.25)
    found = truth.assign(z_mm=truth["z_mm"] + rng.normal(2.0, 3.0, len(truth)))
    found["slice"] = found["z_mm"] / 1.25
    truth.to_csv(tmp_path / "reader.csv", index=False)
    found.to_csv(tmp_path / "levels.csv", index=False)
    out = tmp_path / "out"
    assert ssc("lung", "evaluate-levels", tmp_path / "reader.csv", tmp_path / "levels.csv", "-o", out) == 0
    long = pd.read_csv(out / "agreement.csv", dtype={"group": str}).set_index(["value", "group", "statistic"])
    passport = json.loads((out / "run.json").read_text())
    assert passport["inputs"] == {n: file_digest(tmp_path / f"{n}.csv") for n in ("reader", "levels")}
    error = (found["z_mm"] - truth["z_mm"]).abs()
    for level in ("1", "5"):
        mine = error[truth["level"] == int(level)]
        assert long.loc[("z_mm", level, "mae"), "estimate"] == pytest.approx(mine.mean())
        assert long.loc[("slice", level, "mae"), "estimate"] == pytest.approx(mine.mean() / 1.25)
        assert long.loc[("z_mm", level, "mae_sd"), "estimate"] == pytest.approx(mine.std())
    for name in ("icc", "bias", "lower_limit", "spearman", "slope_is_1"):
        assert np.isfinite(long.loc[("z_mm", "all", name), "estimate"]), name
    assert {"bland-altman.png", "scatter.png", "table.md"} <= {p.name for p in out.iterdir()}


def test_table_positions_do_not_inflate_the_icc(tmp_path):
    """The same reading errors, with and without a scanner table that stands anywhere: the same ICC."""
    rng = np.random.default_rng(8)
    rows = [(f"p{p}", n, -45.0 * n + rng.normal(0, 6)) for p in range(15) for n in range(1, 6)]
    truth = pd.DataFrame(rows, columns=["patient", "level", "z_mm"])
    error = rng.normal(0, 6, len(truth))
    table = truth["patient"].map({f"p{p}": 200.0 * p for p in range(15)})
    icc = []
    for i, moved in enumerate((0.0, 1.0)):
        reader, software = tmp_path / f"r{i}.csv", tmp_path / f"s{i}.csv"
        truth.assign(z_mm=truth["z_mm"] + moved * table).to_csv(reader, index=False)
        truth.assign(z_mm=truth["z_mm"] + error + moved * table).to_csv(software, index=False)
        assert ssc("lung", "evaluate-levels", reader, software, "-o", tmp_path / f"o{i}") == 0
        long = pd.read_csv(tmp_path / f"o{i}" / "agreement.csv", dtype={"group": str})
        long = long.set_index(["value", "group", "statistic"])
        icc.append(long.loc[("z_mm", "3", "icc"), "estimate"])
        assert long.loc[("z_mm", "3", "mae"), "estimate"] == pytest.approx(
            np.abs(error[truth["level"] == 3]).mean()
        )
    assert icc[1] == pytest.approx(icc[0])
    assert icc[1] < 0.9


def test_a_ct_becomes_zarr_that_every_command_reads(ct_file, healthy, tmp_path, capsys):
    out = tmp_path / "ct.ome.zarr"
    assert ssc("lung", "convert", ct_file, "-o", out) == 0
    assert "voxels" in capsys.readouterr().out
    volume = open_volume(out)
    assert volume.frame.same_as(open_volume(ct_file).frame)
    assert np.array_equal(np.asarray(volume.hu[40]), healthy.hu[40])
    assert ssc("lung", "convert", ct_file, "-o", out) == 2
    assert ssc("lung", "convert", ct_file, "-o", tmp_path / "ct.nii.gz") == 2
    assert "name it so" in capsys.readouterr().err
    assert all(b"ZZNAME" not in p.read_bytes() for p in out.rglob("*") if p.is_file())
