"""Parameters of the L-Net, each declared once."""

from __future__ import annotations

from typing import Annotated, Literal

from ssc_core.params import Params, quantity
from ssc_core.training.params import TrainParams

__all__ = ["LevelNetParams", "LevelTrainParams"]


class LevelTrainParams(TrainParams):
    """Training of the L-Net; the defaults are those of Jia et al. 2024 (Dataset, Table 3)."""

    network: Annotated[
        Literal["published", "table3", "vgg16", "vgg19", "small"],
        quantity("", "published (30.2 M weights), table3 (as printed), vgg16, vgg19, or small (ours)."),
    ] = "published"
    test: Annotated[
        int, quantity("patients", "Fixed test set, drawn from those not marked test in the manifest.", ge=0)
    ] = 50
    folds: Annotated[int, quantity("", "Folds of the other patients.", ge=2, le=50)] = 4
    only_fold: Annotated[
        int, quantity("", "Train this fold alone, counted from 1; 0 for all.", ge=0, le=50)
    ] = 0
    loss_in: Annotated[
        Literal["slices", "mm"],
        quantity(
            "", "Unit of the squared error: slices of the grid as in the papers, or mm as in their code."
        ),
    ] = "slices"
    noise_hu: Annotated[
        float,
        quantity("HU", "Noise up to this strength is added in training; 0 as in the papers.", ge=0, le=500),
    ] = 0.0
    shift: Annotated[
        float,
        quantity(
            "", "Shift in the plane in training, as a share of the matrix; 0 as in the papers.", ge=0, le=0.2
        ),
    ] = 0.0
    step: Annotated[
        int, quantity("slices", "Step of the sliding crops when levels are predicted.", ge=1, le=64)
    ] = 4


class LevelNetParams(Params):
    """Prediction of levels by trained networks."""

    step: Annotated[int, quantity("slices", "Step of the sliding crops.", ge=1, le=64)] = 4
    architecture: Annotated[
        Literal["published", "table3", "vgg16", "vgg19", "small"],
        quantity("", "Network of weights that do not say it themselves (files of others)."),
    ] = "published"
    device: Annotated[
        str, quantity("", "auto, cpu, cuda or cuda:N.", pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$")
    ] = "auto"
