"""A real pretrained network on real slides: SqueezeNet of its authors, through the door all weights take."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from ssc_core.io.features import read_features
from ssc_core.io.slide import open_slide
from ssc_core.models import registry
from ssc_core.skin.case import SkinCase
from ssc_core.skin.drawing import draw
from ssc_core.skin.feature_params import FeatureParams
from ssc_core.skin.feature_study import features_of
from ssc_core.skin.features import extract, open_backbone
from ssc_core.skin.params import SkinParams

TILE_MPP = 1.3  # the tiles state no scale; any that lets a field of 227 px fit will do here


@pytest.fixture(scope="module")
def shelf(real_data: Path, tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSC_MODELS", str(tmp_path_factory.mktemp("models")))
        registry.import_file("squeezenet", real_data / "weights" / "squeezenet_v1_0_decoded_fp32.npz")
        yield


def test_features_equal_the_authors_network_written_out(shelf: None, real_data: Path) -> None:
    """Fire modules with torch's functions on the authors' arrays, BGR minus (104, 117, 123)."""
    weights = np.load(real_data / "weights" / "squeezenet_v1_0_decoded_fp32.npz")
    f = torch.nn.functional

    def conv(x: torch.Tensor, name: str, **how: int) -> torch.Tensor:
        w, b = (torch.from_numpy(weights[f"{name}.{part}"]) for part in ("weight", "bias"))
        return torch.relu(f.conv2d(x, w, b, **how))

    tile = sorted((real_data / "wsi" / "trichrome_liver_BI").glob("*.png"))[0]
    bgr = cv2.imread(str(tile))[:227, :227]
    x = torch.from_numpy(bgr.astype(np.float32) - np.array([104, 117, 123], np.float32))
    x = conv(x.permute(2, 0, 1)[None], "conv1", stride=2)
    x = f.max_pool2d(x, 3, 2, ceil_mode=True)
    for number in range(2, 10):
        x = conv(x, f"fire{number}.conv1x1_1")
        wide = [conv(x, f"fire{number}.conv1x1_2"), conv(x, f"fire{number}.conv3x3_2", padding=1)]
        x = torch.cat(wide, 1)
        if number in (4, 8):
            x = f.max_pool2d(x, 3, 2, ceil_mode=True)
    assert x.shape == (1, 512, 13, 13)
    true = x.mean(dim=(2, 3)).numpy()[0]
    found = open_backbone("squeezenet").compute(bgr[None, ..., ::-1], None, 1.0)[0]
    assert np.abs(found - true).max() < 1e-4 * np.abs(true).max()


def test_tiles_of_a_trichrome_differ_less_within_than_between(shelf: None, real_data: Path) -> None:
    """Patches of one tile resemble one another more than those of the other tile."""
    network = open_backbone("squeezenet")
    sets = []
    for tile in sorted((real_data / "wsi" / "trichrome_liver_BI").glob("*.png")):
        slide = open_slide(tile, mpp=TILE_MPP)
        params = SkinParams(n_patches=5, patch_mpp=TILE_MPP)
        drawn = draw(slide, params, mask=np.ones(slide.shape, bool))
        assert drawn.trichrome.likely
        sets.append(extract(slide, drawn.fields, network))
    assert all(np.isfinite(s).all() and s.std() > 0 for s in sets)
    within = np.mean([np.linalg.norm(s - s.mean(0), axis=1).mean() for s in sets])
    assert np.linalg.norm(sets[0].mean(0) - sets[1].mean(0)) > within


def test_slides_of_another_stain_get_features_and_a_flag(
    shelf: None, real_data: Path, tmp_path: Path
) -> None:
    cases = [
        SkinCase(case_id="small", slide=real_data / "wsi" / "CMU-1-Small-Region.svs"),
        SkinCase(case_id="tcga", slide=real_data / "wsi" / "tcga-cr-7395-01a-01-ts1.svs", mpp=0.5),
    ]
    params = FeatureParams(backbone="squeezenet", n_patches=6)
    ended = features_of(cases, params, tmp_path / "features")
    assert ended.failures == {}
    for case in cases:
        found = read_features(tmp_path / "features" / case.case_id)
        assert found.features.shape == (6, 512)
        assert found.meta.weights.startswith("sha256:")
        assert found.meta.trichrome is False
        assert any("not a trichrome" in flag for flag in found.meta.flags)
