"""Biopsies that several tests look at."""

from __future__ import annotations

import cv2
import numpy as np
import pandas as pd
import pytest

from ssc_core.phantoms.biopsy import Biopsy

SMALL = (1.0, 1.2)
MPP = 1.762


@pytest.fixture(scope="session")
def biopsy():
    return Biopsy(5, 0.5, size_mm=SMALL)


def inside_dermis(biopsy, mpp):
    """(h, w) bool of the pixels of the dermis, from the polygon alone."""
    inside = np.zeros(biopsy.shape(mpp), np.uint8)
    corners = np.rint(np.asarray(biopsy.dermis_px(mpp).exterior.coords) - 0.5).astype(np.int32)
    return cv2.fillPoly(inside, [corners], 1) > 0


def colours(image, inside):
    """Mean (R, G, B) of the dermis."""
    return image[inside].mean(0)


def fineness(image, inside):
    """Share of the red channel's local variation that lies below 5 um: falls as bundles thicken."""
    grey = np.log(image[..., 0].astype(np.float32) + 1.0)
    coarse = cv2.GaussianBlur(grey, (0, 0), 5.0 / MPP)
    local = cv2.GaussianBlur(grey, (0, 0), 30.0 / MPP)
    deep = cv2.erode(inside.astype(np.uint8), np.ones((15, 15), np.uint8)) > 0
    return float((grey - coarse)[deep].var() / (grey - local)[deep].var())


@pytest.fixture(scope="session")
def dermis_mask():
    return inside_dermis


@pytest.fixture(scope="session")
def sixty():
    """Sixty small slides, each with its own knob, stain and scanner."""
    knobs = np.random.default_rng(3).permutation(60) / 59.0
    rows = []
    for k, knob in enumerate(knobs):
        slide = Biopsy(4000 + k, float(knob), size_mm=(0.7, 0.8))
        image, inside = slide.image(MPP), inside_dermis(slide, MPP)
        red, green, blue = colours(image, inside)
        rows.append({
            "red": red, "green": green, "blue": blue, "hue": red / blue,
            "fineness": fineness(image, inside), **slide.truth.as_row(),
        })  # fmt: skip
    return pd.DataFrame(rows)
