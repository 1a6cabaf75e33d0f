"""Learning curve with 30 training images, as in Chandrasekaran et al. 2021 (Methods; Fig. 1b and 2).

Run: ``python benchmarks/phalanx_learning_curve.py FOLDER [--images 30] [--test 10] [--epochs 500]``. Thirty
synthetic fingers, each turned three times (120 images), train a U-Net; ten others are judged on the way. No
epoch is chosen by them: the curve shows all. The paper looked at 100, 200 ... 500 epochs by eye; here it is
Dice. The network is narrower and its pixels are larger than the package's, so that it runs in an hour on one
processor. Run again in the same FOLDER, it goes on.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd
import torch

from ssc_core.calcinosis.unet.contract import Contract
from ssc_core.calcinosis.unet.drawn import DrawnCase, open_drawn
from ssc_core.calcinosis.unet.items import TrainItems, WholeItems
from ssc_core.calcinosis.unet.params import UnetTrainParams
from ssc_core.calcinosis.unet.phantoms import write_phantom_set
from ssc_core.calcinosis.unet.task import PhalanxTask
from ssc_core.cohort.manifest import read_manifest
from ssc_core.plots.style import NAMED, figure, save_figure
from ssc_core.training.fit import fit

FIRST_TRAINING, FIRST_TEST = 50_000, 51_000
KINDS = {"bone": "black", "distal": "red", "middle": "green", "proximal": "blue"}


def drawings(folder: Path, count: int, first: int) -> list[DrawnCase]:
    """Synthetic fingers as pictures with labels, rendered once."""
    manifest = folder / "manifest.csv"
    if not manifest.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_phantom_set(folder, count, first_seed=first)
    return read_manifest(manifest, DrawnCase)[:count]


def draw(curve: pd.DataFrame, path: Path, title: str) -> None:
    """Dice of each phalanx over the epochs."""
    fig = figure(6.4, 4.0)
    axes = fig.subplots()
    for kind, colour in KINDS.items():
        axes.plot(curve.epoch, curve[f"valid_dice_{kind}"], color=NAMED[colour], label=kind)
    axes.set(xlabel="epoch", ylabel="mean Dice of the test images", ylim=(0, 1), title=title)
    axes.legend(frameon=False, loc="lower right")
    save_figure(fig, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=30)
    parser.add_argument("--test", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=500)
    given = parser.parse_args()
    torch.set_num_threads(1)
    params = UnetTrainParams.make(
        epochs=given.epochs, width=8, grid_mm=0.6, patch_px=128, augment=0.0, rotations=3, workers=0,
        validate_every=5, precision="bfloat16", clip_norm=1.0, device="cpu",
    )  # fmt: skip
    contract = Contract(params.grid_mm)
    training = [open_drawn(c) for c in drawings(given.folder / "training", given.images, FIRST_TRAINING)]
    test = [open_drawn(c) for c in drawings(given.folder / "test", given.test, FIRST_TEST)]
    done = fit(
        PhalanxTask(params),
        TrainItems(training, contract, params),
        WholeItems(test, contract, 2**params.depth),
        given.folder / "run",
        params,
        facts=contract.facts(),
    )
    curve = done.curve[done.curve.valid_dice.notna()]
    shown = ["epoch", "train_loss", *(f"valid_dice_{k}" for k in KINDS)]
    print(curve[shown].to_string(index=False, float_format=lambda v: f"{v:.3f}"))
    curve[shown].to_csv(given.folder / "learning-curve.csv", index=False, float_format="%.6g")
    title = f"{given.images} training images, each turned {params.rotations} times"
    draw(curve, given.folder / "learning-curve.png", title)


if __name__ == "__main__":
    main()
