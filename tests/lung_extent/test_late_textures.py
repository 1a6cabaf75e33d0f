"""Textures for the judgement: what they promise of density and lines; others than those of training."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from scipy.ndimage import label

from ssc_core.lung.extent import late, unseen
from ssc_core.lung.extent.held_out import held_out, native
from ssc_core.lung.synthesis.textures import Kind

_SHAPE = (120, 140)


def _rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("kind", late.GROUND_GLASS)
@pytest.mark.parametrize("density", [0.1, 0.35])
def test_ground_glass_has_the_density_that_was_asked_for(kind: str, density: float) -> None:
    out = late.ground_glass(kind, _SHAPE, 0.8, density, _rng())
    assert out.mean() == pytest.approx(density, rel=0.08)
    assert out.min() >= 0.3 * density - 1e-6
    assert out.max() <= 2 * density + 1e-6


@pytest.mark.parametrize("kind", late.RETICULATION)
def test_lines_have_their_strength_and_lie_further_apart_in_a_wider_mesh(kind: str) -> None:
    fine, coarse = (late.reticulation(kind, _SHAPE, 0.8, mesh, 0.6, _rng()) for mesh in (4.0, 9.0))
    for out in (fine, coarse):
        assert out.max() == pytest.approx(0.6, abs=0.01)
        assert (out == 0).any()
    assert (fine > 0.3).mean() > 1.4 * (coarse > 0.3).mean()


def test_lines_do_not_depend_on_the_size_of_the_pixels() -> None:
    """A 9 mm mesh covers the same share of a lung whatever the matrix."""
    shares = [
        np.mean([late.reticulation("septa", s, mm, 9.0, 1.0, _rng(k)).mean() for k in range(3)])
        for s, mm in (((120, 120), 1.0), ((200, 200), 0.6))
    ]
    assert shares[0] == pytest.approx(shares[1], rel=0.15)


def test_neither_kind_of_line_is_one_closed_net() -> None:
    parts = [
        label(late.reticulation(kind, _SHAPE, 0.8, 9.0, 1.0, _rng(2)) > 0.4, np.ones((3, 3)))[1]
        for kind in late.RETICULATION
    ]
    assert min(parts) >= 3


def test_no_family_is_known_to_training() -> None:
    judged = {*late.GROUND_GLASS, *late.RETICULATION, *unseen.GROUND_GLASS, *unseen.RETICULATION}
    assert len(judged) == 10
    assert not judged & set(get_args(Kind))


def test_held_out_slices_take_the_family_that_was_named() -> None:
    y, x = np.mgrid[:100, :120]
    lung = np.hypot(y - 50, (x - 60) / 1.2) < 40
    base = native(np.where(lung, -850.0, 40.0), lung, 0.9, "one", noisy=False)
    for name, family in (("unseen", unseen), ("late", late)):
        items = list(held_out([base], 6, seed=1, healthy=0.0, textures=name))  # type: ignore[arg-type]
        told = {i.ground_glass for i in items} | {i.reticulation for i in items}
        assert told - {""} <= {*family.GROUND_GLASS, *family.RETICULATION}
        assert all(i.truth[0] > 0 for i in items)
