"""What cannot be analysed is refused in one clear sentence."""

from __future__ import annotations

import numpy as np
import pytest

from ssc_core.errors import EmptyError, GeometryError, InputError
from ssc_core.geometry import Frame
from ssc_core.io.volume import volume_from_array
from ssc_core.lung.params import LungParams
from ssc_core.lung.pipeline import analyse

FRAME = Frame((4.0, 4.0, 4.0), (0.0, 0.0, 0.0))
SHAPE = (40, 80, 100)


def block(inside: float, outside: float = -1000) -> np.ndarray:
    hu = np.full(SHAPE, outside, np.int16)
    hu[:, 15:65, 15:85] = inside
    return hu


@pytest.mark.parametrize(
    ("hu", "kind", "words"),
    [
        (np.full(SHAPE, -1000, np.int16), EmptyError, "same value"),
        (np.full(SHAPE, 0, np.int16), EmptyError, "same value"),
        (
            np.random.default_rng(0).integers(-1010, -990, SHAPE).astype(np.int16),
            EmptyError,
            "nothing but air",
        ),
        (np.random.default_rng(0).integers(0, 255, SHAPE).astype(np.int16), InputError, "not Hounsfield"),
        (block(40), EmptyError, "no lung"),
    ],
    ids=["all air", "one value", "noisy air", "8-bit picture", "no lungs"],
)
def test_what_is_no_chest(hu, kind, words):
    with pytest.raises(kind, match=words) as caught:
        analyse(volume_from_array(hu, FRAME))
    assert "\n" not in str(caught.value)


def test_too_few_slices(healthy):
    with pytest.raises(GeometryError, match="at least 3 slices"):
        analyse(volume_from_array(healthy.hu[40:42], healthy.frame))


def test_a_field_of_view_too_small_for_a_chest(healthy):
    frame = Frame((4.0, 0.1, 0.1), (0.0, 0.0, 0.0))
    with pytest.raises(GeometryError, match="too little for a chest"):
        analyse(volume_from_array(healthy.hu, frame))


def test_masks_that_do_not_fit(healthy, healthy_ct):
    with pytest.raises(GeometryError, match="drawn on this CT"):
        analyse(healthy_ct, mask=healthy.lungs[1:])
    with pytest.raises(EmptyError, match="no lung"):
        analyse(healthy_ct, mask=np.zeros_like(healthy.lungs))
    with pytest.raises(GeometryError, match="0, 1"):
        analyse(healthy_ct, mask=healthy.lungs.astype(int) * 9)
    with pytest.raises(InputError, match="one label"):
        analyse(healthy_ct, mask=healthy.lung_mask.astype(int))


def test_a_given_mask_is_measured_as_it_is(healthy, healthy_ct):
    result = analyse(healthy_ct, mask=healthy.lungs)
    assert np.array_equal(result.mask, healthy.lungs)
    truth = (healthy.lungs == 1).sum() * healthy.frame.pixel_size / 1000
    assert result.measurements["right_lung_volume"].value == pytest.approx(truth)
    assert not any(level.missing for level in result.levels)


def test_parameters_out_of_bounds():
    with pytest.raises(InputError, match="dome-offset-mm"):
        LungParams.make(dome_offset_mm=-3)
