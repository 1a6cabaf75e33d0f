"""Parameters of a training, each declared once."""

from __future__ import annotations

from typing import Annotated, Literal

from ssc_core.params import Params, quantity

__all__ = ["TrainParams"]


class TrainParams(Params):
    """How a network is trained. Learning rate, weight decay and epochs are those of Jia et al. 2024, Table 3.

    A room derives its own class, with its batch size and what else it needs.
    """

    epochs: Annotated[
        int, quantity("", "Times that the network sees the training set.", ge=1, le=100_000)
    ] = 500
    batch_size: Annotated[int, quantity("", "Items per step.", ge=1, le=4096)] = 4
    learning_rate: Annotated[float, quantity("", "Step size of Adam.", gt=0, le=1)] = 1e-4
    weight_decay: Annotated[float, quantity("", "L2 penalty on the weights.", ge=0, le=1)] = 1e-4
    schedule: Annotated[
        Literal["constant", "cosine"],
        quantity("", "Learning rate over the epochs: constant, or falling to zero along a cosine."),
    ] = "constant"
    precision: Annotated[
        Literal["float32", "bfloat16", "float16"],
        quantity(
            "", "Arithmetic of the network; the two short ones are mixed precision (float16: GPU only)."
        ),
    ] = "float32"
    clip_norm: Annotated[
        float, quantity("", "Gradients are shortened to this norm; 0 leaves them.", ge=0, le=1e6)
    ] = 0.0
    ema: Annotated[
        float,
        quantity(
            "",
            "Decay of a running mean of the weights, which is then judged and kept; 0 for none.",
            ge=0,
            lt=1,
        ),
    ] = 0.0
    validate_every: Annotated[
        int, quantity("epochs", "How often the validation set is judged (and after the last epoch).", ge=1)
    ] = 1
    patience: Annotated[
        int, quantity("epochs", "Stop when validation has not improved for so long; 0 for never.", ge=0)
    ] = 0
    seed: Annotated[int, quantity("", "Draws initial weights, order, augmentation and split.", ge=0)] = 0
    workers: Annotated[
        int, quantity("", "Threads that prepare items; the result does not depend on it.", ge=0, le=256)
    ] = 2
    device: Annotated[
        str,
        quantity("", "auto, cpu, cuda or cuda:N.", pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$"),
    ] = "auto"
