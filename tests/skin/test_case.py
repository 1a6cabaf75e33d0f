from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from ssc_core.io.output import staged
from ssc_core.io.roi import Roi, read_rois, write_rois
from ssc_core.io.store import read_array
from ssc_core.io.tables import read_table
from ssc_core.skin.case import SkinCase, discover, run_case
from ssc_core.skin.params import SkinParams

FEW = SkinParams(n_patches=5)


@pytest.fixture(scope="module")
def done(slide_path, tmp_path_factory) -> tuple[Path, dict]:
    out = tmp_path_factory.mktemp("run") / "result"
    with staged(out) as folder:
        row = run_case(SkinCase(case_id="case-0001", slide=slide_path), FEW, folder)
    return out, row


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_case_leaves_tables_regions_mask_figures_and_a_record(done):
    out, row = done
    names = {p.name for p in out.iterdir()}
    assert names >= {
        "patches.csv", "patches.parquet", "summary.csv", "summary.json", "dermis.geojson",
        "dermis.ome.zarr", "overview.png", "montage.png", "run.json",
    }  # fmt: skip
    table = read_table(out / "patches.parquet")
    assert len(table) == 5
    assert table.attrs["units"]["bundle_thickness_um"] == "um"
    summary = pd.read_csv(out / "summary.csv").set_index("measure")["value"]
    assert summary["collagen_fraction"] == pytest.approx(row["collagen_fraction"], rel=1e-6)
    assert row["case_id"] == "case-0001"
    mask, frame, _ = read_array(out / "dermis.ome.zarr")
    area = float(mask.sum().compute()) * frame.pixel_size / 1e6
    assert area == pytest.approx(row["dermis_area_mm2"], rel=0.01)
    assert read_rois(out / "dermis.geojson")[0].classification == "dermis"


def test_the_record_names_inputs_by_digest_and_the_effective_seed(done):
    record = json.loads((done[0] / "run.json").read_text())
    assert record["inputs"]["slide"].startswith("sha256:")
    assert record["seed"] != 0
    assert record["parameters"]["n_patches"] == 5


def test_nothing_written_names_the_file(done):
    for name, content in files(done[0]).items():
        assert b"ZZNAME" not in content, name


def test_two_runs_write_the_same_bytes(done, slide_path, tmp_path):
    run_case(SkinCase(case_id="case-0001", slide=slide_path), FEW, tmp_path)
    assert files(tmp_path) == files(done[0])


def test_another_case_of_the_same_slide_draws_other_fields(done, slide_path, tmp_path):
    run_case(SkinCase(case_id="case-0002", slide=slide_path), FEW, tmp_path)
    assert (tmp_path / "patches.csv").read_bytes() != (done[0] / "patches.csv").read_bytes()


def test_slides_get_neutral_names_and_the_regions_beside_them(slide_path, done, tmp_path):
    for name in ("Zoe_Zapata.svs", "Adam_Ant.svs"):
        shutil.copy(slide_path, tmp_path / name)
    write_rois(tmp_path / "Zoe_Zapata.geojson", [Roi(read_rois(done[0] / "dermis.geojson")[0].geometry)])
    shutil.copytree(done[0], tmp_path / "earlier result")
    (tmp_path / ".hidden.svs").touch()
    (tmp_path / "notes.txt").touch()
    cases = discover(tmp_path)
    assert [c.case_id for c in cases] == ["case-0001", "case-0002"]
    assert [c.slide.name for c in cases] == ["Adam_Ant.svs", "Zoe_Zapata.svs"]
    assert [c.roi is not None for c in cases] == [False, True]


def test_a_given_region_enters_the_record(slide_path, done, tmp_path):
    (tmp_path / "out").mkdir()
    shutil.copy(done[0] / "dermis.geojson", tmp_path / "roi.geojson")
    case = SkinCase(case_id="a", slide=slide_path, roi=tmp_path / "roi.geojson", mpp=None)
    row = run_case(case, FEW, tmp_path / "out")
    assert row["dermis_area_mm2"] == pytest.approx(done[1]["dermis_area_mm2"], rel=1e-4)
    assert set(json.loads((tmp_path / "out" / "run.json").read_text())["inputs"]) == {"slide", "roi"}
