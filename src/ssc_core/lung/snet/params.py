"""Parameters of the training of an S-Net, each declared once."""

from __future__ import annotations

from typing import Annotated, Literal

from ssc_core.lung.synthesis.params import SynthesisParams
from ssc_core.params import Params, quantity
from ssc_core.training.params import TrainParams

__all__ = ["ScoreTrainParams", "Switches"]


class Switches(Params):
    """The three techniques of Jia et al. 2024, Table 4."""

    synthesis: Annotated[
        bool, quantity("", "DS: half of the training items are synthetic (data synthesis).")
    ] = True
    balanced: Annotated[
        bool, quantity("", "BS: scores that are rare are drawn more often (balanced sampling).")
    ] = True
    pretrained: Annotated[
        bool, quantity("", "PT: start from ImageNet weights, which must be on this machine.")
    ] = True


class ScoreTrainParams(TrainParams, Switches):
    """Training of the S-Net; the defaults are those of Jia et al. 2024 (Dataset, Table 3)."""

    batch_size: Annotated[int, quantity("", "Slices per step.", ge=1, le=4096)] = 10
    backbone: Annotated[
        str, quantity("", "Network of Fig. 3B: convnext_tiny, vgg11, vgg11_bn, squeezenet1_0, resnet18 ...")
    ] = "convnext_tiny"
    stem: Annotated[
        Literal["sum", "random"],
        quantity("", "First layer of a pretrained network: kernels of RGB summed, or random (the authors')."),
    ] = "sum"
    matrix: Annotated[
        int, quantity("px", "Slices are padded with air or cropped to this, never rescaled.", ge=32, le=2048)
    ] = 512
    scaling: Annotated[
        Literal["unit", "zscore"],
        quantity("", "+-1500 HU to [0, 1], or each slice to mean 0 and standard deviation 1."),
    ] = "unit"
    masked: Annotated[bool, quantity("", "Blank what lies outside the lungs.")] = False
    test: Annotated[
        int, quantity("patients", "Fixed test set, drawn from those not marked test in the manifest.", ge=0)
    ] = 50
    folds: Annotated[int, quantity("", "Folds of the other patients.", ge=2, le=50)] = 4
    only_fold: Annotated[
        int, quantity("", "Train this fold alone, counted from 1; 0 for all.", ge=0, le=50)
    ] = 0
    reader: Annotated[
        str, quantity("", "Whose scores are learned; empty for the consensus, or the only reader.")
    ] = ""
    session: Annotated[str, quantity("", "Which session of that reader; empty for the only one.")] = ""
    neighbours_mm: Annotated[
        float,
        quantity(
            "mm",
            "The slices above and below share the scores of a training slice if they lie this close.",
            ge=0,
            le=3,
        ),
    ] = 1.0
    rotation: Annotated[
        float, quantity("deg", "Training slices are turned by up to this, either way.", ge=0, le=180)
    ] = 30.0
    scale: Annotated[
        float, quantity("%", "Training slices are scaled by up to this, either way.", ge=0, le=50)
    ] = 5.0
    shift: Annotated[
        float, quantity("px", "Training slices are shifted by up to this, either way.", ge=0, le=200)
    ] = 10.0
    share: Annotated[
        float, quantity("%", "Share of synthetic items in an epoch, with --synthesis.", ge=0, le=100)
    ] = 50.0
    healthy: Annotated[
        Literal["own", "phantoms", "both"],
        quantity("", "Slices that synthesis starts from: own ones with TOT 0, phantoms, or both."),
    ] = "own"
    healthy_phantoms: Annotated[
        int, quantity("", "Phantom persons for that, five slices each.", ge=1, le=1000)
    ] = 8
    insertion: Annotated[
        SynthesisParams, quantity("", "How patterns are inserted; see 'ssc lung synthesise'.")
    ] = SynthesisParams()
