from __future__ import annotations

import numpy as np
import pytest
from skimage.feature import graycomatrix, graycoprops

from ssc_core.phantoms.biopsy import Biopsy
from ssc_core.skin.morphometry import FEATURES, measure_field
from ssc_core.skin.stain import fit_stain
from ssc_core.skin.texture import measure_texture
from ssc_core.skin.thickness import mean_thickness_um

MPP = 400 / 227
WHITE = (243.0, 243.0, 243.0)


@pytest.mark.parametrize("width", [5, 7, 10, 20])
@pytest.mark.parametrize("angle", [0, 30, 45])
def test_the_thickness_of_stripes_is_their_width(width, angle):
    y, x = np.mgrid[:454, :454]
    across = np.cos(np.radians(angle)) * x + np.sin(np.radians(angle)) * y
    found = mean_thickness_um(across % (width + 12) < width, 0.88)
    assert found == pytest.approx(0.88 * width, abs=1.3)


def test_the_thickness_of_a_disc_is_its_diameter():
    y, x = np.mgrid[:300, :300]
    assert mean_thickness_um(np.hypot(y - 150, x - 150) < 15, 1.0) == pytest.approx(30, abs=1.5)


@pytest.mark.parametrize("fill", [False, True])
def test_an_empty_or_full_field_has_no_thickness(fill):
    assert np.isnan(mean_thickness_um(np.full((50, 50), fill), 1.0))


def test_thicker_bundles_measure_thicker_even_when_clefts_are_narrower_than_a_pixel(fibres):
    found = []
    for width in (6, 9, 13, 18):
        field = fibres(7, 40, 3, width_um=width, cleft_um=1.0)
        found.append(measure_field(field.rgb, fit_stain(field.rgb, WHITE), MPP)["bundle_thickness_um"])
    assert np.all(np.diff(found) > 1.5)
    assert found == pytest.approx([6, 9, 13, 18], rel=0.3)


def test_the_co_occurrence_equals_a_second_library():
    rng = np.random.default_rng(0)
    amount = rng.uniform(0, 1.6, (120, 120)).astype(np.float32)
    grey = np.clip(amount * (16 / 1.5), 0, 15).astype(np.uint8)
    step, skew = 4, 3
    pairs = sum(
        graycomatrix(grey, [d], [a], levels=16, symmetric=True)[..., 0, 0].astype(float)
        for d, a in (
            (step, 0),
            (step, np.pi / 2),
            (skew * np.sqrt(2), np.pi / 4),
            (skew * np.sqrt(2), 3 * np.pi / 4),
        )
    )
    share = (pairs / pairs.sum())[..., None, None]
    ours = measure_texture(amount, MPP)
    assert ours.contrast == pytest.approx(graycoprops(share, "contrast")[0, 0], rel=1e-6)
    assert ours.homogeneity == pytest.approx(graycoprops(share, "homogeneity")[0, 0], rel=1e-6)
    assert ours.entropy == pytest.approx(-(share[share > 0] * np.log2(share[share > 0])).sum(), rel=1e-6)


def test_the_spectrum_knows_scale_and_slope():
    rng = np.random.default_rng(1)
    noise = np.fft.rfft2(rng.normal(size=(227, 227)))
    f = np.hypot(np.fft.fftfreq(227)[:, None], np.fft.rfftfreq(227))
    f[0, 0] = 1
    for slope in (1.0, 2.0, 3.0):
        field = np.fft.irfft2(noise * f ** (-slope / 2), (227, 227)).astype(np.float32)
        assert measure_texture(field, MPP).spectral_slope == pytest.approx(slope, abs=0.25)
    fine, coarse = (
        np.sin(2 * np.pi * np.arange(227) * MPP / wave)[None].repeat(227, 0).astype(np.float32)
        for wave in (12, 60)
    )
    assert measure_texture(fine, MPP).spectral_scale_um == pytest.approx(12, rel=0.15)
    assert measure_texture(coarse, MPP).spectral_scale_um == pytest.approx(60, rel=0.25)


def test_an_empty_field_has_shares_of_zero_and_no_invented_numbers():
    stain = fit_stain(np.full((40, 40, 3), (90, 120, 190), np.uint8), WHITE)
    found = measure_field(np.full((227, 227, 3), 243, np.uint8), stain, MPP)
    assert list(found) == list(FEATURES)
    assert found["collagen_fraction"] == found["tissue_fraction"] == found["nuclei_per_mm2"] == 0
    for name in ("orientation_deg", "bundle_thickness_um", "collagen_amount", "spectral_slope"):
        assert np.isnan(found[name])


def test_texture_recovers_the_fibrosis_knob_and_mean_colour_does_not():
    knob = np.linspace(0, 1, 8)
    rows = []
    for seed, fibrosis in enumerate(knob):
        biopsy = Biopsy(200 + seed, float(fibrosis), size_mm=(1.2, 1.2))
        middle = biopsy.dermis.centroid
        rgb = biopsy.render(round(middle.y / MPP) - 113, round(middle.x / MPP) - 113, 227, 227, MPP)
        assert biopsy.scanner is not None
        rows.append(measure_field(rgb, fit_stain(rgb, biopsy.scanner.white), MPP))
    r = {name: np.corrcoef(knob, [row[name] for row in rows])[0, 1] for name in FEATURES}
    texture = ["bundle_thickness_um", "collagen_fraction", "alignment", "texture_homogeneity"]
    texture += ["texture_contrast", "dispersion_deg"]
    signs = [1, 1, 1, 1, -1, -1]
    for name, sign in zip(texture, signs, strict=True):
        assert sign * r[name] > 0.85, name
    for name in ("mean_red", "mean_green", "mean_blue"):
        assert abs(r[name]) < min(abs(r[t]) for t in texture), name
