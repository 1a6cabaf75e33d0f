"""Parameters of training a phalanx U-Net, each declared once."""

from __future__ import annotations

from typing import Annotated

from ssc_core.params import quantity
from ssc_core.training.params import TrainParams

__all__ = ["UnetTrainParams"]


class UnetTrainParams(TrainParams):
    """Network, grid, split and augmentation. The paper gives 500 epochs and three rotations, and no more."""

    batch_size: Annotated[int, quantity("", "Patches per step.", ge=1, le=4096)] = 8
    learning_rate: Annotated[float, quantity("", "Step size of Adam.", gt=0, le=1)] = 1e-3
    width: Annotated[int, quantity("", "Channels of the first step (Ronneberger: 64).", ge=2, le=128)] = 16
    depth: Annotated[int, quantity("", "Number of poolings.", ge=1, le=6)] = 4
    grid_mm: Annotated[float, quantity("mm", "Pixel size that the network sees.", ge=0.1, le=1.0)] = 0.4
    patch_px: Annotated[int, quantity("px", "Side of a patch.", ge=32, le=1024, multiple_of=32)] = 192
    rotations: Annotated[
        int, quantity("", "Turned copies of each image, evenly spread (3: by 90, 180, 270).", ge=0, le=35)
    ] = 3
    augment: Annotated[
        float,
        quantity("", "Strength of turns, mirroring, zoom, noise, blur and contrast; 0 for none.", ge=0, le=2),
    ] = 1.0
    test_patients: Annotated[int, quantity("", "Patients that no training sees.", ge=0)] = 1
    folds: Annotated[int, quantity("", "Parts into which the other patients are split.", ge=2)] = 2
    confirmed_only: Annotated[bool, quantity("", "Leave out images that no second reader confirmed.")] = False
