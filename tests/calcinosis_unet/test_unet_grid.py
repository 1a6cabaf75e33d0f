from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from ssc_core.calcinosis.unet.contract import Contract
from ssc_core.calcinosis.unet.drawn import Drawn
from ssc_core.calcinosis.unet.items import TrainItems, WholeItems
from ssc_core.calcinosis.unet.params import UnetTrainParams
from ssc_core.calcinosis.unet.predict import Segmenter
from ssc_core.calcinosis.unet.score import dice_of
from ssc_core.calcinosis.unet.warp import Pose, warped

CONTRACT = Contract(0.4)


class Thresholds:
    """A network without weights: the class follows from the brightness of the pixel itself."""

    multiple = 16
    levels = (0.0, 0.3, 0.5, 0.7, 0.9)

    def __call__(self, x: Any) -> Any:
        assert x.shape[2] % 16 == 0
        assert x.shape[3] % 16 == 0
        return torch.cat([-400 * (x - v) ** 2 for v in self.levels], dim=1)


def scene(spacing: tuple[float, float], size_mm: tuple[float, float] = (40.0, 60.0)) -> Drawn:
    """Four discs whose brightness tells their class."""
    shape = tuple(round(m / s) for m, s in zip(size_mm, spacing, strict=True))
    y, x = np.meshgrid(*(np.arange(n) * s for n, s in zip(shape, spacing, strict=True)), indexing="ij")
    labels = np.zeros(shape, np.uint8)
    for k, (cy, cx) in enumerate([(10, 12), (28, 20), (12, 40), (27, 48)], 1):
        labels[(y - cy) ** 2 + (x - cx) ** 2 < 6**2] = k
    levels = np.array(Thresholds.levels) * CONTRACT.window + CONTRACT.level - CONTRACT.window / 2
    return Drawn("p", levels[labels].astype(np.float32), labels, spacing)


@pytest.mark.parametrize("spacing", [(0.2, 0.2), (0.3, 0.45), (0.5, 0.5)])
def test_shares_lie_where_the_image_is(spacing: tuple[float, float]) -> None:
    one = scene(spacing)
    segmenter = Segmenter("test", "", CONTRACT, Thresholds())
    guess = segmenter.shares(one.hu, spacing, (1, 1)).argmax(0)
    # rims between dark and bright pass through the levels between, so only bone or not is compared
    assert dice_of(guess, one.labels)["bone"] > 0.97
    assert all((guess[one.labels == k] == k).mean() > 0.85 for k in (1, 2, 3, 4))
    fine = segmenter.shares(one.hu, spacing, (3, 2))
    assert fine.shape == (5, 3 * one.hu.shape[0], 2 * one.hu.shape[1])
    assert np.allclose(fine.sum(0), 1, atol=1e-5)


@pytest.mark.parametrize("spacing", [(0.2, 0.2), (0.3, 0.45), (0.5, 0.5)])
def test_the_way_to_the_grid_and_back_moves_nothing(spacing: tuple[float, float]) -> None:
    class Copy:
        multiple = 16

        def __call__(self, x: Any) -> Any:
            bright = x.clamp(1e-3, 0.999)  # its share of class 1
            return torch.log(torch.cat([1 - bright, bright, *[bright * 0 + 1e-9] * 3], dim=1))

    shape = tuple(round(m / s) for m, s in zip((40, 60), spacing, strict=True))
    y, x = np.meshgrid(*(np.arange(n) * s for n, s in zip(shape, spacing, strict=True)), indexing="ij")
    blob = np.exp(-((y - 18.3) ** 2 + (x - 22.1) ** 2) / 8)
    hu = (blob * CONTRACT.window + CONTRACT.level - CONTRACT.window / 2).astype(np.float32)
    share = Segmenter("test", "", CONTRACT, Copy()).shares(hu, spacing, (1, 1))[1] - 1e-3
    centre = [(share * a).sum() / share.sum() for a in (y, x)]
    assert centre == pytest.approx([18.3, 22.1], abs=0.02)


def test_tiles_leave_no_seams() -> None:
    one = scene((0.3, 0.3), (40.0, 420.0))
    segmenter = Segmenter("test", "", CONTRACT, Thresholds())
    shares = segmenter.shares(one.hu, (0.3, 0.3), (1, 1))
    empty = shares[:, :, 260:]
    assert shares.shape[2] * 0.3 / 0.4 > 2 * 512
    assert np.allclose(empty, empty[:, :1, :1], atol=1e-4)


def test_a_quarter_turn_is_a_quarter_turn() -> None:
    image = np.random.default_rng(0).normal(size=(40, 40)).astype(np.float32)
    middle = (39 / 2 * 0.2, 39 / 2 * 0.2)
    plain = warped(image, (0.2, 0.2), Pose(middle), (20, 20), 0.4, 0.0)
    assert np.allclose(plain, image.reshape(20, 2, 20, 2).mean((1, 3)), atol=1e-3)
    turned = warped(image, (0.2, 0.2), Pose(middle, math.pi / 2), (20, 20), 0.4, 0.0)
    assert np.allclose(turned, np.rot90(plain, -1), atol=1e-3) or np.allclose(
        turned, np.rot90(plain), atol=1e-3
    )
    disc = np.hypot(*(np.indices((40, 40)) - 19.5)) < 7
    areas = [
        warped(disc.astype(np.float32), (0.2, 0.2), Pose(middle, zoom=z), (40, 40), 0.2, 0.0).sum()
        for z in ((1.0, 1.0), (2.0, 1.5))
    ]
    assert areas[1] / areas[0] == pytest.approx(3.0, rel=0.02)


def test_labels_follow_the_image_through_every_augmentation() -> None:
    params = UnetTrainParams(patch_px=96, rotations=3, augment=1.0)
    items = TrainItems([scene((0.3, 0.3))], CONTRACT, params)
    assert len(items) == 4
    turns = set()
    for index in range(4):
        for seed in range(4):
            image, shares = items.item(index, np.random.default_rng(seed))
            assert image.shape == (1, 96, 96)
            assert shares.shape == (5, 96, 96)
            there = shares.sum(0) > 0.5
            assert np.all(image[0][~there] == CONTRACT.outside)
            pure = shares.max(0) > 0.99
            for k in range(5):  # blur and noise were added, so the middle value is looked at
                here = pure & (shares.argmax(0) == k)
                if here.sum() > 60:
                    assert np.median(image[0][here]) == pytest.approx(Thresholds.levels[k], abs=0.16)
            turns.add(shares.tobytes())
    assert len(turns) == 16
    again = items.item(2, np.random.default_rng(3))[0]
    assert np.array_equal(again, items.item(2, np.random.default_rng(3))[0])


def test_without_augmentation_only_the_rotations_are_left() -> None:
    items = TrainItems([scene((0.4, 0.4))], CONTRACT, UnetTrainParams(patch_px=96, rotations=1, augment=0))
    image, shares = items.item(0, np.random.default_rng(0))
    levels = np.array(Thresholds.levels)
    pure = shares.max(0) > 0.999
    assert np.allclose(image[0][pure], levels[shares.argmax(0)][pure], atol=1e-3)


def test_whole_images_of_different_sizes_fit_one_grid() -> None:
    items = WholeItems([scene((0.3, 0.3)), scene((0.5, 0.4), (30.0, 80.0))], CONTRACT, 16)
    shapes = {items.item(i, None)[1].shape for i in range(2)}
    assert shapes == {(5, *items.shape)}
    assert all(n % 16 == 0 for n in items.shape)
    area = items.item(0, None)[1][1].sum() * 0.4**2
    assert area == pytest.approx(math.pi * 36, rel=0.02)
