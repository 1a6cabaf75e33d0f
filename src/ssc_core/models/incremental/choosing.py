"""Which way of computing local changes fits a network."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from ssc_core.errors import InputError
from ssc_core.models.incremental.batched import Batched
from ssc_core.models.incremental.compiling import Compiled
from ssc_core.models.incremental.convnext import convnext_steps, dense_change
from ssc_core.models.incremental.engine import Incremental
from ssc_core.models.incremental.steps import Head, Step
from ssc_core.models.incremental.vgg import vgg_steps

__all__ = ["LocalChanges", "local_changes"]

Tensor = Any
Changes = Callable[[Tensor, npt.NDArray[np.int64]], Tensor]

TOLERANCE = 1e-5
"""By how much of the scores' scale the step-by-step forward may differ from the network's own."""

_BATCH = {"vgg": 16, "convnext": 4}
_CUDA_BATCH = 64


@dataclass(frozen=True)
class LocalChanges:
    """One image in one network, ready for windows.

    Parameters
    ----------
    scores : tensor (k,)
        Of the unchanged image.
    exact : callable
        (patches (n, h, w), starts (n, 2)) -> changes of the scores (n, k), in full precision.
    fast : callable or None
        The same with rounded products; None where the network has no such way.
    family : str
        "vgg", "convnext", or "" for whole images in batches.
    batch : int
        How many windows at a time keep the device busy.
    notes : callable
        () -> what must be said about the way that was taken, one sentence each.
    """

    scores: Tensor
    exact: Changes
    fast: Changes | None
    family: str
    batch: int
    notes: Callable[[], tuple[str, ...]]


def local_changes(network: Any, image: Tensor, *, fast: bool = True, compiled: bool = False) -> LocalChanges:
    """Prepare the fastest correct way to see what windows of `image` do to the scores of `network`.

    Parameters
    ----------
    network : torch module
        (n, 1, y, x) -> (n, k), in evaluation mode. A network of torchvision's VGG or ConvNeXt family, or a
        module that only passes its input to one, is computed step by step. Its scores are first compared with
        the network's own (of a part of the image, or of all of it for a module around the network), and if
        they differ by more than `TOLERANCE` whole images are run.
    image : tensor (y, x) of float32
        On the network's device.
    fast : bool
        Whether the fast way will be wanted.
    compiled : bool
        Let torch compile what the fast way of ConvNeXt spends its time in. Kept for the process.

    Raises
    ------
    InputError
        If the network is in training mode, or gives no scores (n, k) for this image.
    """
    import torch

    if any(module.training for module in network.modules()):
        raise InputError("the network is in training mode, in which scores depend on the batch; call .eval()")
    if any(p.dtype != torch.float32 for p in network.parameters()):
        return _on_whole_images(network, image, "its weights are not in full precision")
    cuda = image.device.type == "cuda"
    dense = _compiled(cuda) if compiled else dense_change
    for family, steps_of in (("vgg", vgg_steps), ("convnext", partial(convnext_steps, dense=dense))):
        known = ((body, steps_of(body)) for body in _bodies(network))
        body, found = next(((b, f) for b, f in known if f is not None), (None, None))
        if found is None:
            continue
        steps, head = found
        stride = math.prod(step.stride for step in steps)
        if any(side % stride for side in image.shape):
            return _on_whole_images(network, image, f"the slice's sides are no multiples of {stride} pixels")
        part = _middle(image, stride) if body is network else image
        if not _same(network, steps, head, part):
            return _on_whole_images(network, image, "it does more than the networks of its family")
        engine = Incremental(steps, head, image, changes=fast)
        notes = partial(_told, dense if family == "convnext" else None)
        size = _CUDA_BATCH if cuda else _BATCH[family]
        way = engine.fast if fast else None
        return LocalChanges(_checked(engine.scores), engine.exact, way, family, size, notes)
    return _on_whole_images(network, image, "it is neither a VGG nor a ConvNeXt")


def _middle(image: Tensor, stride: int) -> Tensor:
    """The middle of the image, just large enough for every layer."""
    start = [max(0, n // stride // 2 - 1) * stride for n in image.shape]
    return image[start[0] : start[0] + 2 * stride, start[1] : start[1] + 2 * stride].contiguous()


def _same(network: Any, steps: list[Step], head: Head, part: Tensor) -> bool:
    """Whether the steps give what the network gives."""
    import torch

    with torch.inference_mode():
        own = network(part[None, None])[0]
    ours = Incremental(steps, head, part, changes=False).scores
    return own.shape == ours.shape and float((ours - own).abs().max()) <= TOLERANCE * max(
        float(own.abs().max()), 1.0
    )


def _checked(scores: Tensor) -> Tensor:
    import torch

    if scores.ndim != 1 or not torch.isfinite(scores).all():
        raise InputError("the network gives no finite scores for this slice; check its input and weights")
    return scores


@cache
def _compiled(cuda: bool) -> Compiled:
    return Compiled(dense_change, cuda=cuda)


def _told(dense: Any) -> tuple[str, ...]:
    return (dense.note,) if isinstance(dense, Compiled) and dense.note else ()


def _bodies(network: Any) -> list[Any]:
    """The network, and what it only wraps."""
    children = list(network.children())
    return [network, *(_bodies(children[0]) if len(children) == 1 else [])]


def _on_whole_images(network: Any, image: Tensor, why: str) -> LocalChanges:
    whole = Batched(network, image)
    note = f"whole slices were run for every square, which is slow: the network cannot be taken apart ({why})"
    size = 32 if image.device.type == "cuda" else 4
    return LocalChanges(_checked(whole.scores), whole.exact, None, "", size, lambda: (note,))
