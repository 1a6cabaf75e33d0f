"""What a network costs: its weights and the multiply-adds of one pass, without computing anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

__all__ = ["Cost", "cost"]


@dataclass(frozen=True)
class Cost:
    """Size of a network: weights (buffers left out), those of the convolutions, multiply-adds of one pass."""

    parameters: int
    convolution_parameters: int
    multiply_adds: int

    @property
    def flops(self) -> int:
        """Floating point operations of one pass: a multiply-add counts as two."""
        return 2 * self.multiply_adds


def cost(network: Any, shape: Sequence[int]) -> Cost:
    """Count weights and multiply-adds of convolutions and full layers.

    Parameters
    ----------
    network : torch.nn.Module
        On the device ``meta``, so that nothing is allocated.
    shape : sequence of int
        Of its input, (n, 1, z, y, x) or (n, 1, y, x).
    """
    total = 0

    def count(layer: Any, inputs: Any, output: Any) -> None:
        nonlocal total
        total += output.numel() * layer.weight[0].numel()

    convolutions = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
    layers = [m for m in network.modules() if isinstance(m, (*convolutions, nn.Linear))]
    hooks = [m.register_forward_hook(count) for m in layers]
    network(torch.zeros(tuple(shape), device="meta"))
    for hook in hooks:
        hook.remove()
    return Cost(
        parameters=sum(p.numel() for p in network.parameters()),
        convolution_parameters=sum(m.weight.numel() for m in layers if isinstance(m, convolutions)),
        multiply_adds=total,
    )
