from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssc_core.errors import EmptyError, InputError
from ssc_core.lung.case import LungCase
from ssc_core.lung.synthesis import insertion
from ssc_core.lung.synthesis.insertion import synthesise
from ssc_core.lung.synthesis.params import StudyParams, SynthesisParams
from ssc_core.lung.synthesis.seeds import SeedBank, generated_seeds
from ssc_core.lung.synthesis.slices import LungSlice, healthy_slices

PLAIN = SynthesisParams()


def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000))
def test_scores_are_the_inserted_areas_and_keep_the_rules(
    healthy: LungSlice, bank: SeedBank, seed: int
) -> None:
    made = synthesise(healthy, bank, PLAIN, rng(seed))
    tot, gg, ret = made.scores
    area = healthy.lung.sum()
    assert gg == pytest.approx(100 * made.gg.sum() / area)
    assert ret == pytest.approx(100 * made.ret.sum() / area)
    assert tot == pytest.approx(100 * (made.gg | made.ret).sum() / area)
    assert max(gg, ret) - 1e-9 <= tot <= gg + ret + 1e-9
    assert tot > 0
    assert not (made.gg | made.ret)[~healthy.lung].any()


def test_nothing_changes_outside_the_lung_or_far_from_a_lesion(healthy: LungSlice, bank: SeedBank) -> None:
    from scipy.ndimage import distance_transform_edt

    for seed in range(5):
        made = synthesise(healthy, bank, PLAIN, rng(seed))
        changed = made.hu != healthy.hu
        assert not changed[~healthy.lung].any()
        away = distance_transform_edt(~(made.gg | made.ret))
        # cropping at the pleura hides parts of the ellipses, from which the fade may come
        assert changed[away > 60].mean() < 0.02
        assert (made.hu - healthy.hu)[made.gg | made.ret].mean() > 30


def test_vessels_stay_on_top(healthy: LungSlice, bank: SeedBank) -> None:
    vessels = (healthy.hu >= 50) & healthy.lung
    for seed in range(6):
        made = synthesise(healthy, bank, PLAIN, rng(seed))
        assert np.array_equal(made.hu[vessels], healthy.hu[vessels])
        assert (made.hu >= healthy.hu - 1e-3).all()
        assert made.hu.max() <= max(healthy.hu.max(), 50)


def test_the_same_state_gives_the_same_slice(healthy: LungSlice, bank: SeedBank) -> None:
    one, two = (synthesise(healthy, bank, PLAIN, rng(4), wanted=40) for _ in range(2))
    assert np.array_equal(one.hu, two.hu)
    assert one.scores == two.scores
    assert not np.array_equal(one.hu, synthesise(healthy, bank, PLAIN, rng(5), wanted=40).hu)


@pytest.mark.parametrize("wanted", [0.0, 35.0, 100.0])
def test_an_extent_that_cannot_be_reached_ends_after_a_fixed_number_of_draws(
    healthy: LungSlice, bank: SeedBank, wanted: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    draw = insertion._regions
    monkeypatch.setattr(insertion, "_regions", lambda *a: calls.append(1) or draw(*a))
    tiny = SynthesisParams(axis_px=(10, 30), candidates=7)  # 100 % is out of reach, and so is 0 %
    made = synthesise(healthy, bank, tiny, rng(0), wanted=wanted)
    assert len(calls) == made.drawn == 7
    assert 0 < made.scores[0] < 30


def test_wanted_extents_are_met_where_they_can_be(healthy: LungSlice, bank: SeedBank) -> None:
    wanted = np.linspace(5, 50, 10)
    found = [synthesise(healthy, bank, PLAIN, rng(i), wanted=w).scores[0] for i, w in enumerate(wanted)]
    assert np.abs(np.array(found) - wanted).mean() < 4


def test_at_most_three_ellipses_per_pattern(
    healthy: LungSlice, bank: SeedBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = []
    draw = insertion.draw_ellipses

    def counted(
        weights: np.ndarray, count: int, axes: tuple[float, float], rng: np.random.Generator
    ) -> object:
        counts.append((count, axes))
        return draw(weights, count, axes, rng)

    monkeypatch.setattr(insertion, "draw_ellipses", counted)
    for seed in range(60):
        synthesise(healthy, bank, PLAIN, rng(seed))
    assert {n for n, _ in counts} == {1, 2, 3}
    assert {axes for _, axes in counts} == {(1.0, 150.0)}


def test_pixels_may_be_counted_in_millimetres(healthy: LungSlice, bank: SeedBank) -> None:
    plain = [synthesise(healthy, bank, PLAIN, rng(s)).scores[0] for s in range(12)]
    half = SynthesisParams(pixel_mm=0.35)  # the slice has 0.7 mm: ellipses of half the axes
    small = [synthesise(healthy, bank, half, rng(s)).scores[0] for s in range(12)]
    assert np.mean(small) < 0.5 * np.mean(plain)


def test_a_slice_without_lung_is_refused(healthy: LungSlice, bank: SeedBank) -> None:
    empty = LungSlice("a", "a", healthy.hu, np.zeros_like(healthy.lung), healthy.frame)
    with pytest.raises(EmptyError, match="no lung"):
        synthesise(empty, bank, PLAIN, rng(0))


def test_axes_must_be_in_order() -> None:
    with pytest.raises(InputError, match="smaller first"):
        SynthesisParams.make(axis_px=(150, 1))


def test_a_study_is_written_for_readers_and_for_training(tmp_path: Path) -> None:
    from ssc_core.cli.synthesise import synthesise as command
    from ssc_core.io.volume import open_volume

    params = StudyParams(phantoms=1, phantom_px=64, slices=2, count=4, healthy=30, pixel_mm=0.64, seed=1)
    command(out=tmp_path / "a", params=params)
    command(out=tmp_path / "b", params=params)
    names = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*") if p.is_file())
    assert all((tmp_path / "a" / n).read_bytes() == (tmp_path / "b" / n).read_bytes() for n in names)
    table = pd.read_csv(tmp_path / "a" / "scores.csv")
    assert len(table) == len(pd.read_csv(tmp_path / "a" / "manifest.csv")) == 4
    for row in table.to_dict("records"):
        patterns, lungs = (
            np.asarray(open_volume(tmp_path / "a" / f / f"{row['case_id']}.nii.gz", allow_single=True).hu)
            for f in ("patterns", "lungs")
        )
        share = 100 * np.count_nonzero(patterns) / np.count_nonzero(lungs)
        assert row["tot"] == pytest.approx(share, abs=1e-6)
        assert row["gg"] == pytest.approx(100 * (patterns % 2 == 1).sum() / np.count_nonzero(lungs), abs=1e-6)


def test_a_real_ct_can_be_the_start(tmp_path: Path, real_data: Path) -> None:
    case = LungCase(case_id="case-0001", ct=real_data / "ct/lung_pet_ct_chest/derived_256x256x30.nii.gz")
    found, doubts = healthy_slices([case], 3)
    assert len(found) == 3
    assert all(one.lung.any() and 0 < one.height < 1 for one in found)
    assert all("case-0001" in d for d in doubts)
    made = synthesise(found[1], generated_seeds(0, count=2), PLAIN, rng(2))
    inserted = made.gg | made.ret
    assert made.scores[0] == pytest.approx(100 * inserted.sum() / found[1].lung.sum())


def test_nothing_to_start_from_is_one_sentence(tmp_path: Path) -> None:
    from ssc_core.cli.synthesise import synthesise as command

    with pytest.raises(InputError, match="--phantoms"):
        command(out=tmp_path / "a")
    with pytest.raises(InputError, match="no such CT"):
        command(tmp_path / "missing", out=tmp_path / "a")
