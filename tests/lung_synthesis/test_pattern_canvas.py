from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates

from ssc_core.errors import InputError
from ssc_core.lung.synthesis.canvas import filled
from ssc_core.lung.synthesis.params import SynthesisParams
from ssc_core.lung.synthesis.seeds import Seed, SeedBank, generated_seeds

SMALL = SynthesisParams(rotation_deg=180, scale_percent=(95, 105))


def patch(seed: int, shape: tuple[int, int] = (24, 37)) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.3, 0.7, shape).astype(np.float32)


@given(st.integers(0, 5000))
def test_no_value_from_outside_the_patch_enters(seed: int) -> None:
    values = patch(seed)
    canvas = filled(values, (0.7, 0.7), (160, 160), (0.7, 0.7), SMALL, np.random.default_rng(seed))
    assert canvas.min() >= values.min() - 1e-6
    assert canvas.max() <= values.max() + 1e-6


@given(st.integers(0, 5000))
def test_there_is_no_seam(seed: int) -> None:
    # a step between neighbours is at most that of the patch, times the distance that one pixel goes in it
    ramp = np.add.outer(np.arange(24), 0.5 * np.arange(37)).astype(np.float32)
    canvas = filled(ramp, (0.7, 0.7), (160, 160), (0.7, 0.7), SMALL, np.random.default_rng(seed))
    most = (1 + 0.5) / 0.95 + 0.06  # the table of weights of the interpolation has 32 steps per pixel
    assert np.abs(np.diff(canvas, axis=0)).max() <= most
    assert np.abs(np.diff(canvas, axis=1)).max() <= most


def test_the_published_tiling_has_the_seam_that_ours_has_not() -> None:
    ramp = np.tile(np.arange(24, dtype=np.float32)[:, None], (1, 24))
    row = np.hstack([ramp, ramp[:, ::-1]])
    assert np.abs(np.diff(np.vstack([row[::-1, ::-1], row[::-1]]), axis=0)).max() > 20


def test_the_plane_is_the_mirrored_patch() -> None:
    values = patch(3)
    still = SynthesisParams(rotation_deg=0, scale_percent=(100, 100))
    canvas = filled(values, (1, 1), (90, 110), (1, 1), still, np.random.default_rng(5))
    place = np.random.default_rng(5)
    place.uniform(0, 0)
    place.uniform(100, 100)
    oy, ox = place.uniform(0, 2, 2) * values.shape
    at = np.meshgrid(np.arange(90) - 44.5 + oy, np.arange(110) - 54.5 + ox, indexing="ij")
    expected = map_coordinates(values, at, order=1, mode="mirror")
    assert np.abs(canvas - expected).max() < 0.02


def test_a_pattern_keeps_its_size_in_millimetres() -> None:
    period = 8.0  # mm
    wave = np.cos(
        2 * np.pi * np.arange(241) * 0.5 / period
    )  # whole periods: the mirrored plane goes on alike
    fine = np.tile(wave.astype(np.float32), (40, 1))
    still = SynthesisParams(rotation_deg=0, scale_percent=(100, 100))
    for pixel in (0.4, 1.0, 2.0):
        columns = round(96 / pixel)
        canvas = filled(fine, (0.5, 0.5), (16, columns), (pixel, pixel), still, np.random.default_rng(0))
        power = np.abs(np.fft.rfft(canvas[8] - canvas[8].mean()))
        assert columns * pixel / np.argmax(power) == pytest.approx(period, rel=0.05)


def test_a_patch_of_hu_makes_healthy_lung_as_dense_as_itself() -> None:
    from ssc_core.lung.synthesis.compositing import blend

    values = np.array([[-700.0, -600.0], [-900.0, -300.0]], np.float32)
    seed = Seed("gg", values, (1, 1), is_hu=True)
    hu = np.full((2, 2), -850.0)
    made = blend(hu, seed.added(values, -850.0), 1.0)
    assert made == pytest.approx(np.maximum(values, -850.0), abs=0.01)


def test_seeds_of_other_patients_are_left_out() -> None:
    own, other = (
        [Seed(p, np.full((8, 8), v, np.float32), (1, 1), True, who) for p in ("gg", "ret")]
        for v, who in ((-600, "a"), (-500, "b"))
    )
    bank = SeedBank((own[0], other[0]), (own[1], other[1]))
    part, left_out = bank.of(["a", "c"])
    assert part is not None
    assert left_out == 2
    assert {s.patient for s in (*part.gg, *part.ret)} == {"a"}
    assert bank.of(["c"]) == (None, 4)
    generated = generated_seeds(1, count=1)
    assert generated.of(["c"])[0] == generated


def test_a_bank_without_a_pattern_is_refused() -> None:
    with pytest.raises(InputError, match="reticulation"):
        SeedBank((Seed("gg", np.zeros((8, 8), np.float32), (1, 1)),), ())
