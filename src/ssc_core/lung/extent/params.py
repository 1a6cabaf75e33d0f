"""Parameters of the starter's training, each declared once."""

from __future__ import annotations

from typing import Annotated, Literal

from ssc_core.params import quantity
from ssc_core.training.params import TrainParams

__all__ = ["StarterTrainParams"]


class StarterTrainParams(TrainParams):
    """How the extent network is trained; an epoch is a fixed number of samples."""

    head: Annotated[
        Literal["extent", "regression"],
        quantity("", "Map whose lung mean is the score, or the three scores alone as in the papers."),
    ] = "extent"
    samples: Annotated[
        int, quantity("", "Slices with inserted patterns, made once before training.", ge=8, le=1_000_000)
    ] = 9000
    valid_samples: Annotated[
        int, quantity("", "The same for validation, in other phantoms.", ge=4, le=100_000)
    ] = 320
    phantoms: Annotated[
        int, quantity("", "Chest phantoms whose slices are used beside those of CTs.", ge=1, le=10_000)
    ] = 90
    real: Annotated[
        float, quantity("", "Share of samples in slices of CTs, where CTs are given.", ge=0, le=1)
    ] = 0.45
    per_epoch: Annotated[int, quantity("", "Samples that one epoch sees.", ge=1, le=10_000_000)] = 1600
    epochs: Annotated[int, quantity("", "Epochs.", ge=1, le=100_000)] = 40
    batch_size: Annotated[int, quantity("", "Samples per step.", ge=1, le=4096)] = 8
    learning_rate: Annotated[float, quantity("", "Step size of Adam.", gt=0, le=1)] = 8e-4
    schedule: Annotated[
        Literal["constant", "cosine"],
        quantity("", "Learning rate over the epochs: constant, or falling to zero along a cosine."),
    ] = "cosine"
    precision: Annotated[
        Literal["float32", "bfloat16", "float16"],
        quantity("", "Arithmetic of the network (float16: GPU only)."),
    ] = "bfloat16"
    clip_norm: Annotated[
        float, quantity("", "Gradients are shortened to this norm; 0 leaves them.", ge=0, le=1e6)
    ] = 2.0
    ema: Annotated[
        float, quantity("", "Decay of the running mean of the weights that is kept; 0 for none.", ge=0, lt=1)
    ] = 0.995
    workers: Annotated[
        int, quantity("", "Threads that prepare items; the result does not depend on it.", ge=0, le=256)
    ] = 0
