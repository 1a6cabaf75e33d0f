"""Training on volumes and using the network on one: bars whose class follows from their brightness."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
import torch

from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.calcinosis.pipeline import analyse
from ssc_core.calcinosis.solid.grid import block_of
from ssc_core.calcinosis.unet.contract import Contract
from ssc_core.calcinosis.unet.cubes import from_grid, to_grid
from ssc_core.calcinosis.unet.drawn import DrawnCase, open_drawn
from ssc_core.calcinosis.unet.params import UnetTrainParams
from ssc_core.calcinosis.unet.predict import Segmenter, open_segmenter
from ssc_core.calcinosis.unet.solid_bones import network_bones_3d
from ssc_core.cli import calcinosis_train as command
from ssc_core.cohort.manifest import read_manifest
from ssc_core.errors import InputError
from ssc_core.geometry import Frame
from ssc_core.io.image import FingerImage
from ssc_core.training.state import read_state

SPACING = (0.8, 0.6, 0.6)
TINY = UnetTrainParams.make(
    width=4, depth=2, patch_px=32, grid_mm=0.8, epochs=6, batch_size=2, device="cpu", workers=0,
    learning_rate=0.02, rotations=3, validate_every=50, augment=0.0,
)  # fmt: skip


def scan(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A finger along x in air: three bones, the brighter the nearer to the hand, and a deposit."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((24, 32, 100), np.uint8)
    for k, (start, stop) in enumerate([(10, 28), (32, 56), (60, 100)], 1):
        labels[8:16, 12:20, start + rng.integers(-1, 2) : stop] = k
    hu = np.full(labels.shape, -1000.0)
    hu[3:21, 4:30, 3:] = 50.0
    hu += (labels > 0) * 350 + labels * 200.0
    hu[9:14, 24:28, 40:46] = 400.0
    return (hu + rng.normal(0, 10, hu.shape)).astype(np.float32), labels


def write(path: Path, a: np.ndarray) -> None:
    image = sitk.GetImageFromArray(a)
    image.SetSpacing(SPACING[::-1])
    sitk.WriteImage(image, str(path))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("volumes")
    rows = []
    for i in range(3):
        hu, labels = scan(i)
        write(folder / f"{i}.nii.gz", hu.astype(np.int16))
        write(folder / f"{i}_labels.nii.gz", labels)
        rows.append({"case_id": f"v{i}", "patient": f"p{i}", "image": f"{i}.nii.gz"})
        rows[-1]["labels"] = f"{i}_labels.nii.gz"
    with (folder / "manifest.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    command.train(folder / "manifest.csv", out=folder / "run", params=TINY)
    return folder


def test_a_network_trained_on_volumes_is_used_on_volumes(run: Path) -> None:
    weights = run / "run" / "fold-1" / "best.safetensors"
    segmenter = open_segmenter(weights)
    assert segmenter.ndim == 3
    shares = segmenter.volume_shares(scan(1)[0], SPACING)
    assert shares.shape == (5, 24, 32, 100)
    assert np.allclose(shares.sum(0), 1, atol=1e-4)


class Brightness:
    """A network without weights: the class follows from the brightness of the voxel itself."""

    multiple = 4
    levels = (0.23, 0.6, 0.73, 0.87)  # soft tissue, the three kinds of bone

    def __call__(self, x: Any) -> Any:
        near = [-400 * (x - v) ** 2 for v in self.levels]
        air = [-400 * (x - v) ** 2 for v in (0.0, -0.5)]
        background = torch.cat([near[0], *air], dim=1).amax(dim=1, keepdim=True)
        return torch.cat([background, *near[1:], x * 0 - 1e3], dim=1)


def test_bones_that_a_network_for_volumes_sees_are_numbered_and_taken_away() -> None:
    hu, labels = scan(7)
    block = block_of(hu, Frame(SPACING, (0.0, 0.0, 0.0)), -300.0)
    segmenter = Segmenter("test", "", Contract(0.6), Brightness(), "unet:3d-")
    bones = network_bones_3d(block, segmenter)
    found = block.voxels(bones.labels, hu.shape)
    assert 2 * ((found > 0) & (labels > 0)).sum() / ((found > 0).sum() + (labels > 0).sum()) > 0.85
    for k in (1, 2, 3):
        inside = found[labels == k]
        assert bones.found[np.bincount(inside[inside > 0]).argmax() - 1].phalanx == k


def test_the_loss_falls_while_volumes_are_learned(run: Path) -> None:
    rows = (run / "run" / "fold-1" / "curve.csv").read_text().splitlines()
    losses = [float(row.split(",")[rows[0].split(",").index("train_loss")]) for row in rows[1:]]
    assert losses[-1] < 0.8 * losses[0]


def test_a_network_for_images_is_not_used_on_volumes_nor_the_other_way_round(run: Path) -> None:
    weights = str(run / "run" / "fold-1" / "best.safetensors")
    image = FingerImage(scan(0)[0][12], Frame((0.6, 0.6), (0.0, 0.0)), np.zeros((32, 100), bool), 1.0, "test")
    with pytest.raises(InputError, match="U-Net for volumes"):
        analyse(image, CalcinosisParams(engine="unet", unet_weights=weights))
    with pytest.raises(InputError, match="same --width and --depth"):
        command.train(run / "manifest.csv", out=run / "other", start="unet_phalanges", params=TINY)
    with pytest.raises(InputError, match="--patch-px 64"):
        big = TINY.model_copy(update={"patch_px": 192})
        command.train(run / "manifest.csv", out=run / "big", params=big)


def test_a_training_begins_with_given_weights(run: Path) -> None:
    weights = run / "run" / "fold-1" / "best.safetensors"
    once = TINY.model_copy(update={"epochs": 1, "learning_rate": 1e-12})
    command.train(run / "manifest.csv", out=run / "further", start=str(weights), params=once)
    old, new = (read_state(p)[0] for p in (weights, run / "further" / "fold-1" / "best.safetensors"))
    kernels = [n for n, t in old.items() if t.ndim == 5]
    assert kernels
    for name in kernels:
        assert np.allclose(old[name].numpy(), new[name].numpy(), atol=1e-6)
    assert "trained by the user" in (run / "further" / "run.json").read_text()


def test_drawings_on_volumes_keep_their_voxels_and_the_grid_brings_them_back(run: Path) -> None:
    one = open_drawn(read_manifest(run / "manifest.csv", DrawnCase)[0])
    assert one.spacing == pytest.approx(SPACING)
    assert np.array_equal(one.labels, scan(0)[1])
    share = (one.labels == 3).astype(np.float32)
    again = from_grid(to_grid(share, SPACING, 0.8), SPACING, share.shape, 0.8)
    assert 2 * ((again > 0.5) & (share > 0)).sum() / ((again > 0.5).sum() + share.sum()) > 0.97
