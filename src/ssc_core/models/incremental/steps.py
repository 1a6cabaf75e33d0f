"""The contract of a step: a stretch of a network that looks at a small neighbourhood."""

from __future__ import annotations

from typing import Any, Protocol

__all__ = ["Head", "Step"]

Tensor = Any
Kept = dict[str, Any]


class Step(Protocol):
    """One stretch, from a map to the next. Maps are (n, y, x, channels).

    An output cell ``o`` looks at the inputs from ``o * stride - halo`` to before ``(o + 1) * stride + halo``.
    """

    halo: int
    stride: int

    def exact(self, x: Tensor, padding: int) -> Tensor:
        """Outputs for `x`, which carries its halo, or gets `padding` (then the halo) zeros around it."""

    def keep(self, x: Tensor) -> tuple[Kept, Tensor]:
        """What :meth:`change` needs to know of the unchanged map `x` (1, y, x, c), and the map it becomes.

        What is kept are maps (y', x', c), on the grid of the outputs or a multiple of it.
        """

    def change(self, dx: Tensor, padding: int, kept: Kept) -> Tensor:
        """Change of the outputs for a change `dx` of the inputs; `kept` is cropped to the same outputs."""


class Head(Protocol):
    """From the last map to the scores."""

    def exact(self, x: Tensor) -> Tensor:
        """Scores (n, k) of whole maps (n, y, x, c)."""

    def keep(self, x: Tensor) -> Kept:
        """What :meth:`change` needs to know of the unchanged last map (1, y, x, c)."""

    def change(self, dx: Tensor, kept: Kept) -> Tensor:
        """Change of the scores for changes of whole last maps."""
