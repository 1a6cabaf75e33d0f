"""What replaces, whether it is healthy, and maps by any scorer."""

from __future__ import annotations

import numpy as np
import pytest

from ssc_core.errors import EmptyError, InputError
from ssc_core.lung.heatmap import (
    HeatmapParams,
    check_healthy,
    find_healthy,
    mirrored,
    network_of,
    slice_heatmap,
)
from ssc_core.lung.heatmap.source import healthy_texture, phantom_slice, replacing
from ssc_core.lung.heatmap.texture import pattern_tile
from ssc_core.lung.snet.contract import SNetContract
from ssc_core.lung.snet.predict import RegressionScorer


def test_a_small_texture_is_mirrored_without_a_seam():
    tile = np.arange(12, dtype=np.float32).reshape(3, 4)
    out = mirrored(tile, (8, 11))
    assert out.shape == (8, 11)
    assert np.array_equal(out[:3, :4], tile)
    assert np.array_equal(out[3:6, :4], tile[::-1])
    assert np.array_equal(out[:3, 4:8], tile[:, ::-1])
    assert (mirrored(-850.0, (4, 4)) == -850).all()
    assert mirrored(np.zeros((20, 20)), (8, 11)).shape == (8, 11)


@pytest.mark.parametrize("bad", [np.full((3, 3), np.nan), np.zeros((2, 0)), np.zeros(3)])
def test_no_texture_is_said(bad):
    with pytest.raises(InputError, match="must be a picture"):
        mirrored(bad, (8, 8))


def test_the_healthy_square_avoids_disease_and_the_border(slice_):
    hu, lung, lesions = slice_
    y, x, side = find_healthy(hu, lung)
    assert side >= 24
    assert lung[y : y + side, x : x + side].all()
    assert not lesions[0][y : y + side, x : x + side].any()
    with pytest.raises(EmptyError, match="no healthy-looking"):
        find_healthy(np.full_like(hu, -500), lung)


def test_the_check_tells_healthy_from_diseased_texture(density, slice_):
    _, lung, _ = slice_
    healthy = np.where(lung, -860.0, 30.0).astype(np.float32)
    assert check_healthy(density, healthy, lung, -850.0).passed
    found = check_healthy(density, healthy, lung, -700.0)
    assert not found.passed
    assert found.moves[0] > 0.5
    assert "does not take this texture for healthy" in found.note


def test_texture_comes_from_the_least_diseased_slice_or_a_phantom(scorer, slice_):
    from ssc_core.geometry import Frame
    from ssc_core.io.volume import volume_from_array

    hu, lung, _ = slice_
    healthy = np.where(lung, -860.0, 30.0).astype(np.float32) + np.random.default_rng(0).normal(
        0, 5, hu.shape
    )
    stack = np.stack([hu, healthy, hu]).astype(np.float32)
    image = volume_from_array(stack, Frame((30.0, 1.5, 1.5), (0, 0, 0)))
    labels = np.broadcast_to(np.where(lung, 1, 0).astype(np.uint8), stack.shape)
    found = healthy_texture(scorer, HeatmapParams(), image=image, mask=labels)
    assert "least diseased slice" in found.origin
    assert found.check.passed
    assert found.texture.mean() == pytest.approx(-860, abs=5)
    sick = volume_from_array(np.stack([hu, hu, hu]), Frame((30.0, 1.5, 1.5), (0, 0, 0)))
    assert "phantom" in healthy_texture(scorer, HeatmapParams(), image=sick, mask=labels).origin


def test_what_replaces_can_be_a_pattern_or_a_constant(scorer):
    one = phantom_slice((1.5, 1.5), (256, 256))
    y, x, side = find_healthy(one.hu, one.lung)
    tile = one.hu[y : y + side, x : x + side]
    for pattern in ("gg", "ret"):
        filled = pattern_tile(tile, pattern, (0.7, 0.7))
        assert (filled >= tile - 1e-3).all()  # tissue is added, never taken away
        assert filled.mean() > tile.mean() + 50
    found = healthy_texture(scorer, HeatmapParams())
    constant = replacing(found, HeatmapParams(replacement="constant", constant_hu=-900.0), (0.7, 0.7))
    assert (mirrored(constant, (4, 4)) == -900).all()
    assert replacing(found, HeatmapParams(), (0.7, 0.7)) is found.texture


def test_any_scorer_gets_a_map(scorer, slice_):
    hu, lung, lesions = slice_
    params = HeatmapParams(window_mm=24.0, stride_mm=8.0)
    found = slice_heatmap(scorer, hu, lung, (1.0, 1.0), np.full((1, 1), -860, np.float32), params)
    assert (found.window, found.stride) == (24, 8)
    assert found.scores == pytest.approx(scorer.score(hu[None], lung[None], (1.0, 1.0))[0], abs=1e-3)
    assert np.nanmean(found.maps[0][lesions[0]]) < 10 * np.nanmean(found.maps[0][lung & ~lesions[0]])


def test_windows_in_mm():
    assert HeatmapParams().pixels((0.64, 0.64)) == (64, 16)
    assert HeatmapParams(window_mm=41, stride_mm=10).pixels((0.64, 0.64)) == (64, 16)
    assert HeatmapParams(window_mm=41, stride_mm=10).pixels((0.82, 0.82)) == (50, 12)
    with pytest.raises(InputError, match="leaves gaps"):
        HeatmapParams(window_mm=10, stride_mm=20).pixels((0.64, 0.64))


def test_the_regression_heads_networks_are_recomputed_locally(small_convnext, slice_):
    hu, lung, _ = slice_
    contract = SNetContract(backbone="convnext_tiny", matrix=192, masked=True)
    two = RegressionScorer("two", contract, (small_convnext, small_convnext), {}, "cpu")
    fed = network_of(two, hu, lung, (0.7, 0.7))
    assert fed.networks == two.networks
    assert fed.units(np.full((2, 2), -1500, np.float32)).max() == 0
    found = slice_heatmap(
        two, hu, lung, (0.7, 0.7), np.full((1, 1), -860, np.float32), HeatmapParams(stride=32)
    )
    assert found.mode == "fast"
    assert found.notes == ()
    assert found.scores == pytest.approx(two.score(hu[None], lung[None], (0.7, 0.7))[0], rel=1e-4)
    # z-scores depend on the whole slice, so whole slices are run, and the result is the scorer's own
    scored = RegressionScorer(
        "z", contract.model_copy(update={"scaling": "zscore"}), (small_convnext,), {}, "cpu"
    )
    assert network_of(scored, hu, lung, (0.7, 0.7)).networks[0] is not small_convnext
