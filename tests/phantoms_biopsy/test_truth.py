"""The truth fits the picture, and the picture holds the knob in its texture alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from scipy import ndimage

from ssc_core.phantoms.biopsy import MASSON, Biopsy, ScannerSpec, StainSpec

CLEAN = ScannerSpec(noise=0.0, blur_um=0.0)


def unmixed(image, stain: StainSpec, scanner: ScannerSpec):
    """Amounts of collagen and cytoplasm dye (h, w, 2) by inverting the known optics (least squares)."""
    light = (np.clip(image, 1, None) / np.asarray(scanner.white)) ** (1.0 / scanner.gamma)
    density = -np.log(np.clip(light, 1e-3, 1.0))
    return density @ np.linalg.pinv(stain.matrix[:, :2]).T


def dice(a, b):
    return 2.0 * (a & b).sum() / (a.sum() + b.sum())


@pytest.mark.parametrize(("seed", "fibrosis"), [(5, 0.5), (21, 0.0), (22, 1.0)])
def test_unmixing_the_picture_finds_the_collagen(seed, fibrosis, dermis_mask):
    slide = Biopsy(seed, fibrosis, size_mm=(1.0, 1.2))
    mpp = 0.5
    window = (900, 900, 900, 900)
    dyes = unmixed(slide.render(*window, mpp), slide.stain, slide.scanner)
    inside = np.ascontiguousarray(dermis_mask(slide, mpp)[900:1800, 900:1800])
    found = (dyes[..., 0] > 0.45 * slide.gain) & (dyes[..., 1] < 0.35) & inside
    assert dice(found, slide.collagen(*window, mpp) & inside) > 0.93


def test_the_fraction_does_not_depend_on_the_pixel_size(biopsy, dermis_mask):
    shares = []
    for mpp in (0.5, 1.0, 1.762):
        inside = dermis_mask(biopsy, mpp)
        shares.append((biopsy.collagen(0, 0, *biopsy.shape(mpp), mpp) & inside).sum() / inside.sum())
    assert np.ptp(shares) < 0.03
    assert abs(biopsy.truth.collagen_fraction - shares[1]) < 0.01


def test_painted_bundles_have_their_known_area():
    """The last bundles lie on top of all others: their pixels must add up to their analytic area."""
    slide = Biopsy(8, 0.6, size_mm=(1.0, 1.2))
    bundles, mpp = slide.section.bundles, 0.5
    labels = slide.labels(0, 0, *slide.shape(mpp), mpp)
    ratios = []
    for i in range(len(bundles.tone) - 12, len(bundles.tone)):
        length = np.linalg.norm(np.diff(bundles.centre[i], axis=0), axis=1)
        area = (length * (bundles.half[i, 1:] + bundles.half[i, :-1])).sum()
        ratios.append((labels == i + 1).sum() * mpp**2 / area)
    assert np.median(ratios) == pytest.approx(1.0, abs=0.04)


def test_the_width_of_a_bundle_is_its_nominal_width():
    slide = Biopsy(8, 0.8, size_mm=(1.0, 1.2))
    bundles, mpp = slide.section.bundles, 0.25
    widths = []
    for i in range(len(bundles.tone) - 12, len(bundles.tone)):
        y0, x0, y1, x1 = bundles.reach[i] / mpp
        shape = (int(y1 - y0) + 2, int(x1 - x0) + 2)
        alone = slide.labels(int(y0), int(x0), *shape, mpp) == i + 1
        deepest = 2.0 * ndimage.distance_transform_edt(alone).max() * mpp
        widths.append(deepest / bundles.width[i])
    assert np.median(widths) == pytest.approx(1.1, abs=0.12)  # widest place: up to a quarter above nominal


def tensor_direction(image, inside, mpp):
    """Doubled-angle vector of the red channel's gradients, energy-weighted (structure tensor)."""
    grey = cv2.GaussianBlur(image[..., 0].astype(np.float64), (0, 0), 1.5 / mpp)
    gy, gx = np.gradient(grey)
    gy = -gy  # upwards
    doubled = ((gx + 1j * gy) ** 2)[inside].sum() / (gx**2 + gy**2)[inside].sum()
    return np.mod(np.angle(doubled) / 2.0 + np.pi / 2.0, np.pi), abs(doubled)


@pytest.mark.parametrize("fibrosis", [0.4, 1.0])
def test_the_mean_direction_agrees_with_the_structure_tensor(fibrosis, dermis_mask):
    slide = Biopsy(31, fibrosis, size_mm=(1.0, 1.4), stain=MASSON, scanner=CLEAN)
    mpp = 1.0
    inside = dermis_mask(slide, mpp)
    deep = cv2.erode(inside.astype(np.uint8), np.ones((9, 9))) > 0
    direction, _ = tensor_direction(slide.image(mpp), deep, mpp)
    difference = np.angle(np.exp(2j * (direction - slide.truth.orientation_rad))) / 2.0
    assert abs(np.degrees(difference)) < 4.0


def test_the_direction_of_single_pixels_agrees_with_the_structure_tensor():
    slide = Biopsy(32, 0.9, size_mm=(1.0, 1.4), stain=MASSON, scanner=CLEAN)
    mpp, box = 0.5, (1000, 1000, 700, 700)
    truth = slide.orientation(*box, mpp)
    grey = cv2.GaussianBlur(slide.render(*box, mpp)[..., 0].astype(np.float64), (0, 0), 2.0)
    gy, gx = np.gradient(grey)
    square = (gx - 1j * gy) ** 2
    smooth = ndimage.gaussian_filter(square.real, 8) + 1j * ndimage.gaussian_filter(square.imag, 8)
    energy = ndimage.gaussian_filter(np.abs(square), 8)
    sure = np.isfinite(truth) & (np.abs(smooth) / energy > 0.6)
    error = np.angle(np.exp(2j * (np.angle(smooth) / 2.0 + np.pi / 2.0 - truth)))[sure] / 2.0
    assert sure.mean() > 0.2
    assert np.degrees(np.median(np.abs(error))) < 8.0


def test_the_direction_follows_a_bundle_seen_by_its_moments():
    slide = Biopsy(33, 0.7, size_mm=(1.0, 1.2))
    mpp, bundles = 0.5, slide.section.bundles
    labels = slide.labels(0, 0, *slide.shape(mpp), mpp)
    angles = slide.orientation(0, 0, *slide.shape(mpp), mpp)
    errors = []
    for i in range(len(bundles.tone) - 25, len(bundles.tone)):
        rows, columns = np.nonzero(labels == i + 1)
        if len(rows) < 400:
            continue
        cov = np.cov(columns, -rows)
        axis = 0.5 * np.arctan2(2 * cov[0, 1], cov[0, 0] - cov[1, 1])
        mean = np.angle(np.exp(2j * angles[rows, columns]).mean()) / 2.0
        errors.append(abs(np.angle(np.exp(2j * (axis - mean)))) / 2.0)
    assert len(errors) > 8
    assert np.degrees(np.median(errors)) < 2.5


def test_mean_colour_does_not_tell_the_knob(sixty):
    correlations = sixty[["red", "green", "blue", "hue"]].corrwith(sixty["fibrosis"]).abs()
    assert correlations.max() < 0.3, correlations


def test_texture_tells_the_knob(sixty):
    correlations = sixty.corr()["fibrosis"]
    assert correlations["collagen_fraction"] > 0.8
    assert correlations["bundle_thickness_um"] > 0.9
    assert correlations["coherence"] > 0.8
    assert correlations["fineness"] < -0.8  # measured on the picture, whatever its stain


def test_without_differentiation_and_stain_variation_colour_would_tell_it(dermis_mask):
    """So the test above can fail: the decoupling is the laboratory's, not an accident."""
    plain = StainSpec(differentiation=0.0)
    knobs = np.linspace(0.0, 1.0, 9)
    slides = [Biopsy(70 + i, float(f), (0.8, 0.9), plain, ScannerSpec()) for i, f in enumerate(knobs)]
    red = [s.image(3.5)[dermis_mask(s, 3.5), 0].mean() for s in slides]
    assert abs(np.corrcoef(knobs, red)[0, 1]) > 0.8


def test_thickness_of_the_dermis_and_density_of_cells_are_plausible(sixty):
    big = Biopsy(90, 0.3).truth
    assert 0.6 < big.dermal_thickness_mm < 1.8
    assert 150 < big.nuclei_per_mm2 < 1200
    assert abs(sixty["nuclei_per_mm2"].corr(sixty["fibrosis"])) < 0.35


@pytest.mark.parametrize("seed", range(12))
def test_the_dermis_is_a_simple_polygon_on_the_canvas(seed):
    slide = Biopsy(seed, seed / 11.0, size_mm=(0.8 + 0.1 * seed, 1.0))
    assert slide.dermis.is_valid
    assert slide.dermis.area / 1e6 == pytest.approx(slide.truth.dermis_mm2, rel=0.01)
    x0, y0, x1, y1 = slide.dermis.bounds
    height, width = slide.size_um
    assert x0 > 0
    assert y0 > 0
    assert x1 < width
    assert y1 < height
