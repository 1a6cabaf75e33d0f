from __future__ import annotations

import cv2
import numpy as np
import pytest

from ssc_core.skin.quality import field_quality, sharpness
from ssc_core.skin.stain import fit_stain

MPP = 400 / 227
WHITE = (243.0, 243.0, 243.0)
LIMITS = {"min_tissue": 0.25, "min_sharpness": 0.25}


@pytest.fixture(scope="module")
def field(fibres):
    return fibres(9, 30, 3).rgb


@pytest.fixture(scope="module")
def stain(field):
    return fit_stain(field, WHITE)


def test_a_good_field_has_no_flag(field, stain):
    assert field_quality(field, stain, **LIMITS)[1] == ()


@pytest.mark.parametrize("blur_um", [5.0, 8.0, 12.0])
def test_a_field_out_of_focus_is_flagged(field, stain, blur_um):
    assert "blurred" in field_quality(cv2.GaussianBlur(field, (0, 0), blur_um / MPP), stain, **LIMITS)[1]


def test_smooth_pale_collagen_is_not_called_blurred(fibres, stain):
    wide = fibres(10, 30, 6, width_um=30, cleft_um=0.5, strength=0.6, noise=1.0).rgb
    assert "blurred" not in field_quality(wide, stain, **LIMITS)[1]


def test_focus_does_not_depend_on_contrast_nor_on_how_much_glass_there_is(field, stain):
    pale = (243 - (243 - field.astype(float)) * 0.5).astype(np.uint8)
    half = field.copy()
    half[:, 113:] = 243
    usual = sharpness(field, stain)
    assert sharpness(pale, stain) == pytest.approx(usual, rel=0.25)
    assert sharpness(half, stain) == pytest.approx(usual, rel=0.25)


def test_glass_is_blank_and_not_blurred(stain):
    flags = field_quality(np.full((227, 227, 3), 243, np.uint8), stain, **LIMITS)[1]
    assert flags == ("blank",)


@pytest.mark.parametrize(
    ("ink", "flag"), [((30, 140, 90), "odd_colour"), ((60, 60, 60), "dense")], ids=["green", "black"]
)
def test_ink_is_flagged(field, stain, ink, flag):
    inked = field.copy()
    inked[:80] = ink
    assert flag in field_quality(inked, stain, **LIMITS)[1]


def test_a_fold_is_darker_than_the_dyes_make_it(field, stain):
    folded = field.copy()
    strip = folded[60:140].astype(float) / 243
    folded[60:140] = (243 * cv2.GaussianBlur(strip, (0, 0), 2) ** 3).astype(np.uint8)
    assert "dense" in field_quality(folded, stain, **LIMITS)[1]
