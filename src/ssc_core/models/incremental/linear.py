"""Products with weights, on a change alone, in bfloat16; and small fully connected heads.

Only the change is rounded: an error of one part in 256 of a change costs a map nothing, while the same error
of the activations themselves would be larger than most changes.
"""

from __future__ import annotations

from typing import Any

__all__ = ["Dense", "short"]

Tensor = Any


def short(tensor: Tensor) -> Tensor:
    """In bfloat16."""
    import torch

    return tensor.to(torch.bfloat16)


class Dense:
    """A sequence of Linear, ReLU and (idle) Dropout layers."""

    def __init__(self, modules: list[Any]) -> None:
        from torch import nn

        self.layers = [m for m in modules if not isinstance(m, nn.Dropout | nn.Identity | nn.Flatten)]
        self._last = max(i for i, m in enumerate(self.layers) if isinstance(m, nn.Linear))
        self._weights = {
            i: short(m.weight)
            for i, m in enumerate(self.layers)
            if isinstance(m, nn.Linear) and i != self._last  # the last one is small
        }

    @staticmethod
    def fits(modules: list[Any]) -> bool:
        """Whether a sequence holds nothing else."""
        from torch import nn

        known = nn.Linear | nn.ReLU | nn.Dropout | nn.Identity | nn.Flatten
        return any(isinstance(m, nn.Linear) for m in modules) and all(isinstance(m, known) for m in modules)

    def exact(self, x: Tensor) -> Tensor:
        """Outputs for `x` (n, c)."""
        import torch
        from torch import nn

        for layer in self.layers:
            x = layer(x) if isinstance(layer, nn.Linear) else torch.relu(x)
        return x

    def keep(self, x: Tensor) -> list[Tensor]:
        """The input of every layer for the unchanged `x` (1, c)."""
        import torch
        from torch import nn

        kept = []
        for layer in self.layers:
            kept.append(x)
            x = layer(x) if isinstance(layer, nn.Linear) else torch.relu(x)
        return kept

    def change(self, dx: Tensor, kept: list[Tensor]) -> Tensor:
        """Change of the outputs for changes `dx` (n, c)."""
        import torch
        import torch.nn.functional as F
        from torch import nn

        for i, (layer, x) in enumerate(zip(self.layers, kept, strict=True)):
            if not isinstance(layer, nn.Linear):
                dx = torch.relu(x + dx) - torch.relu(x)
            elif i == self._last:
                dx = F.linear(dx, layer.weight)
            else:
                dx = F.linear(short(dx), self._weights[i]).float()
        return dx
