from __future__ import annotations

import numpy as np
import pytest

from ssc_core.io.slide import open_slide
from ssc_core.skin.colours import colour_sample, white_of
from ssc_core.skin.dermis import tissue_mask
from ssc_core.skin.overview import read_overview
from ssc_core.skin.trichrome import TrichromeCheck, check_trichrome

METHYL_BLUE, PONCEAU = (0.80, 0.59, 0.11), (0.10, 0.74, 0.67)
LIGHT_GREEN, IRON = (0.95, 0.25, 0.20), (0.66, 0.66, 0.35)
HAEMATOXYLIN, EOSIN, PALE_EOSIN = (0.65, 0.70, 0.29), (0.07, 0.99, 0.11), (0.22, 0.80, 0.56)


def section(dyes: dict[tuple[float, ...], tuple[float, float]]) -> np.ndarray:
    """Pixels with gamma-distributed amounts of dyes: {vector: (share of pixels, mean amount)}."""
    rng = np.random.default_rng(0)
    od = sum(
        np.outer(rng.gamma(2, mean / 2, 40000) * (rng.random(40000) < share), np.array(v) / np.linalg.norm(v))
        for v, (share, mean) in dyes.items()
    )
    return np.clip(245 * 10.0**-od + rng.normal(0, 4, od.shape), 0, 255).astype(np.uint8)


def look(path, mpp=None) -> TrichromeCheck:
    slide = open_slide(path, mpp=mpp)
    overview, frame = read_overview(slide, 8.0)
    white, _ = white_of(overview)
    return check_trichrome(colour_sample(slide, tissue_mask(overview, white, frame, 0.001)), white)


@pytest.mark.parametrize(
    ("dyes", "likely"),
    [
        ({METHYL_BLUE: (0.8, 0.5), PONCEAU: (0.2, 0.5), IRON: (0.1, 0.8)}, True),
        ({METHYL_BLUE: (0.15, 0.4), PONCEAU: (0.9, 0.7), IRON: (0.2, 0.8)}, True),
        ({LIGHT_GREEN: (0.7, 0.5), PONCEAU: (0.3, 0.5), IRON: (0.1, 0.8)}, True),
        ({HAEMATOXYLIN: (0.3, 0.8), EOSIN: (0.9, 0.5)}, False),
        ({HAEMATOXYLIN: (0.3, 0.8), PALE_EOSIN: (0.9, 0.5)}, False),
        ({HAEMATOXYLIN: (0.7, 0.8), PALE_EOSIN: (0.7, 0.5)}, False),
    ],
    ids=["dermis", "little collagen", "light green", "eosin", "pale eosin", "dense nuclei"],
)
def test_published_dyes_are_told_apart(dyes, likely):
    assert check_trichrome(section(dyes), (245.0, 245.0, 245.0)).likely is likely


@pytest.mark.parametrize(
    ("name", "mpp"),
    [("CMU-1-Small-Region.svs", None), ("tcga-cr-7395-01a-01-ts1.svs", 0.5), ("OS-1-detail.ome.tif", None)],
)
def test_real_haematoxylin_and_eosin_is_not_a_trichrome(real_data, name, mpp):
    assert not look(real_data / "wsi" / name, mpp).likely


@pytest.mark.parametrize("name", ["16_224_606_43_42.png", "16_224_606_47_24.png"])
def test_real_masson_of_liver_is_a_trichrome(real_data, name):
    found = look(real_data / "wsi" / "trichrome_liver_BI" / name, 0.5)
    assert found.likely
    assert "fit a trichrome" in str(found)


def test_phantoms_of_both_stains_are_told_apart(slide_path, eosin_path):
    assert look(slide_path).likely
    found = look(eosin_path)
    assert not found.likely
    assert "not a trichrome" in str(found)


def test_no_tissue_is_no_trichrome_and_no_number():
    found = check_trichrome(np.full((50, 50, 3), 245, np.uint8), (245.0, 245.0, 245.0))
    assert not found.likely
    assert np.isnan(found.green_slope)
