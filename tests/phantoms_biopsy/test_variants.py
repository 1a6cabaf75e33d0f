"""Slides that must not pass for a good trichrome."""

from __future__ import annotations

import cv2
import numpy as np
import openslide

from ssc_core.phantoms.biopsy import Flat, ScannerSpec, as_blurred, as_he, write_slide

MPP = 1.0


def sharpness(image):
    return float(cv2.Laplacian(image.mean(-1), cv2.CV_64F).var())


def test_haematoxylin_and_eosin_show_the_same_tissue_without_blue_collagen(biopsy, dermis_mask):
    other, inside = as_he(biopsy), dermis_mask(biopsy, MPP)
    red, green, blue = other.image(MPP)[inside].mean(0)
    assert red > blue > green
    window = (300, 300, 200, 200, MPP)
    assert np.array_equal(other.labels(*window), biopsy.labels(*window))
    assert other.truth == biopsy.truth


def test_a_slide_out_of_focus_is_the_same_slide_without_detail(biopsy, dermis_mask):
    inside = dermis_mask(biopsy, MPP)
    sharp, soft = biopsy.image(MPP), as_blurred(biopsy).image(MPP)
    assert sharpness(soft) < 0.1 * sharpness(sharp)
    assert np.abs(soft[inside].mean(0) - sharp[inside].mean(0)).max() < 4.0


def test_blurred_windows_agree_too(biopsy):
    soft = as_blurred(biopsy)
    first, second = soft.render(300, 300, 300, 300, MPP), soft.render(390, 377, 210, 223, MPP)
    assert np.array_equal(first[90:, 77:], second)


def test_an_empty_slide_has_one_colour(tmp_path):
    write_slide(Flat((1.0, 1.0), ScannerSpec(white=(240.0, 200.0, 220.0))), tmp_path / "flat.svs", mpp=1.0)
    with openslide.OpenSlide(tmp_path / "flat.svs") as slide:
        image = np.asarray(slide.read_region((0, 0), 0, slide.dimensions).convert("RGB")).reshape(-1, 3)
    assert np.abs(image.mean(0) - (240, 200, 220)).max() < 1.5
    assert image.std(0).max() < 3.0
