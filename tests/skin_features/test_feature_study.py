"""Features of many biopsies: written with what they are, kept, and told when they fail."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from ssc_core.errors import Cancelled, InputError
from ssc_core.io.features import read_features
from ssc_core.io.slide import open_slide
from ssc_core.seeds import seed_of
from ssc_core.skin.case import SkinCase
from ssc_core.skin.feature_params import FeatureParams
from ssc_core.skin.feature_study import features_of
from ssc_core.skin.pipeline import analyse

FEW = FeatureParams(n_patches=4, backbone="morphometry")


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def cases(slide_path: Path, eosin_path: Path) -> list[SkinCase]:
    return [
        SkinCase(case_id="b1", slide=slide_path),
        SkinCase(case_id="b2", slide=slide_path),
        SkinCase(case_id="b3", slide=eosin_path),
    ]


@pytest.fixture(scope="module")
def study(cases: list[SkinCase], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("study") / "features"
    assert features_of(cases, FEW, out).finished == ("b1", "b2", "b3")
    return out


def test_what_is_written_says_what_it_is(study: Path, slide_path: Path) -> None:
    found = read_features(study / "b1")
    seed = seed_of(0, "b1", "fields")
    assert (found.meta.backbone, found.meta.case_id, found.meta.seed) == ("morphometry", "b1", seed)
    assert found.meta.trichrome is True
    assert found.meta.field_um == pytest.approx((400, 400))
    assert 0 < found.meta.covered < 1
    result = analyse(open_slide(slide_path), FEW, seed=seed)  # the same fields, the same numbers
    assert np.allclose(found.patches["y_um"], result.patches["y_um"])
    column = found.names.index("collagen_fraction")
    assert found.features[:, column] == pytest.approx(
        result.patches["collagen_fraction"].to_numpy(), rel=1e-6
    )
    record = json.loads((study / "b1" / "run.json").read_text())
    assert record["what"] == "skin features"
    assert record["inputs"]["slide"].startswith("sha256:")


def test_another_case_of_the_same_slide_draws_other_fields(study: Path) -> None:
    one, two = read_features(study / "b1"), read_features(study / "b2")
    assert not np.allclose(one.patches["y_um"], two.patches["y_um"])
    assert one.meta.unlike(two.meta) == ()


def test_eosin_is_flagged(study: Path) -> None:
    meta = read_features(study / "b3").meta
    assert meta.trichrome is False
    assert any("not a trichrome" in flag for flag in meta.flags)


def test_nothing_written_names_the_file(study: Path) -> None:
    for name, content in files(study).items():
        assert b"ZZNAME" not in content, name


def test_bytes_do_not_depend_on_order_or_workers(study: Path, cases: list[SkinCase], tmp_path: Path) -> None:
    features_of(cases[::-1], FEW, tmp_path / "again", workers=3)
    assert files(tmp_path / "again") == files(study)


def test_only_what_is_missing_or_changed_is_computed(
    study: Path, cases: list[SkinCase], tmp_path: Path
) -> None:
    out = tmp_path / "study"
    shutil.copytree(study, out)
    shutil.rmtree(out / "b2")
    ended = features_of(cases, FEW, out)
    assert (ended.finished, ended.kept) == (("b2",), ("b1", "b3"))
    assert files(out) == files(study)
    other = FEW.model_copy(update={"n_patches": 3})
    assert features_of(cases[:1], other, out).finished == ("b1",)
    assert len(read_features(out / "b1")) == 3


def test_a_broken_slide_does_not_end_the_study(cases: list[SkinCase], study: Path, tmp_path: Path) -> None:
    out = tmp_path / "study"
    shutil.copytree(study, out)
    broken = tmp_path / "ZZNAME.svs"
    broken.write_bytes(cases[0].slide.read_bytes()[:5000])
    mixed = [
        SkinCase(case_id="b1", slide=broken),
        cases[1],
        SkinCase(case_id="b4", slide=tmp_path / "no.svs"),
    ]
    ended = features_of(mixed, FEW, out)
    assert ended.kept == ("b2",)
    assert set(ended.failures) == {"b1", "b4"}
    assert "no such file" in ended.failures["b4"]
    assert not any("ZZNAME" in reason for reason in ended.failures.values())
    assert not (out / "b1").exists()  # what stood there came from another slide


def test_a_stopped_study_keeps_what_is_finished(cases: list[SkinCase], tmp_path: Path) -> None:
    first = threading.Event()

    def stop(done: float, total: float, what: str, /) -> None:
        if done >= 1:
            first.set()
            raise Cancelled

    with pytest.raises(Cancelled):
        features_of(cases, FEW, tmp_path / "study", tick=stop)
    left = [p.name for p in (tmp_path / "study").iterdir()]
    assert "b1" in left
    assert all(not name.startswith(".") for name in left)
    assert len(left) < 3


def test_what_cannot_run_is_refused_before_any_slide_is_opened(
    cases: list[SkinCase], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSC_MODELS", str(tmp_path / "models"))
    with pytest.raises(InputError, match="weights of alexnet are not on this machine"):
        features_of(cases, FeatureParams(), tmp_path / "out")
    with pytest.raises(InputError, match="--workers"):
        features_of(cases, FEW, tmp_path / "out", workers=0)
    with pytest.raises(InputError, match="same case_id"):
        features_of([cases[0], cases[0]], FEW, tmp_path / "out")
    with pytest.raises(InputError, match="are asked for"):
        features_of(cases, FEW.model_copy(update={"weights": "sha256:0"}), tmp_path / "out")
    assert not (tmp_path / "out").exists()
