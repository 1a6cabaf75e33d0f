"""Deposits and spurs on a bone's surface, in thin and in thick slices, with their true volumes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage as ndi

from ssc_core.calcinosis.solid.pipeline import analyse_volume
from ssc_core.geometry import Frame

FINE = 0.15
SHAPE = (120, 128, 168)  # 18 x 19 x 25 mm
AXIS = (9.0, 10.0)  # of the bone, (z, y) mm; it lies along x and ends at END
END, WIDTH, CORTEX = 6.0, 3.4, 1.1


def scan(
    balls: dict[tuple[float, float, float], tuple[float, float]], slices: int
) -> tuple[np.ndarray, Frame, list]:
    """HU with balls {(z, y, x): (radius, HU)} outside the bone, `slices` fine planes to a slice; true mm3."""
    z, y, x = np.meshgrid(*((np.arange(n) + 0.5) * FINE for n in SHAPE), indexing="ij", sparse=True)
    across = np.sqrt((z - AXIS[0]) ** 2 + (y - AXIS[1]) ** 2)
    away = np.where(x < END + WIDTH, np.sqrt(across**2 + (END + WIDTH - x) ** 2), across)
    hu = np.where(np.broadcast_to(across < 8.5, SHAPE), 50.0, -1000.0)
    volumes = []
    for (cz, cy, cx), (radius, value) in balls.items():
        inside = ((z - cz) ** 2 + (y - cy) ** 2 + (x - cx) ** 2 < radius**2) & (away >= WIDTH)
        hu = np.where(inside, value, hu)
        volumes.append(inside.sum() * FINE**3)
    hu = np.where(away < WIDTH, 1300.0, hu)
    hu = np.where(away < WIDTH - CORTEX, 150.0, hu)
    hu = ndi.gaussian_filter(hu.astype(np.float32), 0.28 / FINE)
    parts = [v for n, k in zip(SHAPE, (slices, 2, 2), strict=True) for v in (n // k, k)]
    hu = hu.reshape(parts).mean((1, 3, 5))
    noise = np.random.default_rng(5).normal(0, 14, hu.shape)
    spacing = (slices * FINE, 2 * FINE, 2 * FINE)
    return (hu + noise).astype(np.float32), Frame(spacing, (0.0, 0.0, 0.0)), volumes


@pytest.mark.parametrize("slices", [3, pytest.param(6, marks=pytest.mark.slow)])
def test_deposits_on_bone_have_their_volume_and_nothing_else_counts(slices):
    """Slices of 0.45 and 0.9 mm; a ball beside the bone, and one on the side that faces the slices."""
    hu, frame, true = scan({(9.0, 5.4, 16.0): (2.5, 800.0), (13.4, 11.0, 12.0): (1.8, 500.0)}, slices)
    result = analyse_volume(hu, frame)
    assert len(result.lesions) == 2
    for lesion, volume, tolerance in zip(result.lesions.itertuples(), true, (0.05, 0.15), strict=True):
        assert lesion.volume_mm3 == pytest.approx(volume, rel=tolerance)
        assert lesion.low <= volume <= lesion.high
        assert lesion.touches_bone


def test_a_spur_beside_a_bones_end_is_left_out_until_it_is_toggled():
    spur, deposit = (9.0, AXIS[1] - WIDTH * 0.93, END + 1.6), (9.0, 5.6, 18.0)
    hu, frame, true = scan({spur: (1.2, 1200.0), deposit: (1.9, 800.0)}, 2)
    result = analyse_volume(hu, frame)
    assert list(result.lesions.kind) == ["deposit"]
    assert result.lesions.volume_mm3[0] == pytest.approx(true[1], rel=0.15)
    assert {"spur", "bone end"} & set(result.left_out.kind)
    label = int(result.left_out.label[0])
    other = analyse_volume(hu, frame, toggles=[label])
    counted = other.lesions.set_index("label")
    assert "counted by the reader" in counted["flags"][label]
    assert len(other.lesions) == 2
