"""Replacement heat maps (Jia et al. 2024, Heat map visualization: network explainability).

A square of healthy texture, cropped by the lung mask and fading at its edge, covers one place after another;
the change of the scores is averaged over the squares that covered a pixel. Negative: disease was covered.
Zero: it was healthy before. Positive: the network takes the healthy texture for disease.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ssc_core.errors import InputError
from ssc_core.lung.heatmap.params import Mode
from ssc_core.lung.heatmap.texture import mirrored
from ssc_core.lung.heatmap.trust import Check, compare, to_check
from ssc_core.lung.heatmap.windows import Windows
from ssc_core.models.incremental import LocalChanges, local_changes
from ssc_core.progress import Tick, silent

__all__ = ["HeatMap", "refined_heatmaps", "replacement_heatmap"]

Field = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class HeatMap:
    """What each place of a slice contributes to its scores.

    Parameters
    ----------
    maps : ndarray of float32, (3, y, x)
        Mean change of TOT, GG and RET, in percent points; NaN outside the lung.
    scores : ndarray of float64, (3,)
        Of the unchanged slice, percent.
    starts : ndarray of int, (n, 2)
        First row and column of each square that touches lung.
    changes : ndarray of float32, (n, 3)
        Change by each square; NaN for those not yet computed.
    window, stride : int
        Pixels.
    mode : {"exact", "fast"}
        How the squares were computed in the end.
    squares : int
        Squares of the whole slice, those without lung included.
    complete : bool
        False for a first, coarser picture.
    check : Check or None
        Fast against exact on this slice; None if fast was not asked for or cannot be had.
    notes : tuple of str
        What must be said about how it was computed.
    """

    maps: Field
    scores: npt.NDArray[np.float64]
    starts: npt.NDArray[np.int64] = field(repr=False)
    changes: Field = field(repr=False)
    window: int
    stride: int
    mode: Mode
    squares: int
    complete: bool = True
    check: Check | None = None
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        done = int(np.isfinite(self.changes[:, 0]).sum())
        low = np.nanmin(self.maps, axis=(1, 2))
        facts = ", ".join(f"{n} {v:.2f}" for n, v in zip(("TOT", "GG", "RET"), low, strict=False))
        return f"<HeatMap {done} of {len(self.starts)} squares, {self.mode}, least change {facts} points>"


def replacement_heatmap(
    network: Any,
    image: npt.ArrayLike,
    lung_mask: npt.ArrayLike,
    healthy: npt.ArrayLike,
    *,
    window: int = 64,
    stride: int = 16,
    mode: Mode = "exact",
    fade: int = 4,
    batch: int | None = None,
    compiled: bool = False,
    tick: Tick = silent,
) -> HeatMap:
    """The replacement heat map of one slice.

    Parameters
    ----------
    network : torch.nn.Module
        (n, 1, y, x) -> (n, 3) in percent, in evaluation mode. VGG and ConvNeXt of torchvision are recomputed
        only where a square reaches; any other network runs on whole slices in batches.
    image : array, (y, x)
        The slice as the network takes it.
    lung_mask : array of bool, (y, x)
        Both lungs. Squares that hold none of it are skipped.
    healthy : array, (y, x), or number
        What replaces: a texture in the image's units, mirrored at its borders where it is smaller than the
        image, or a constant.
    window, stride : int
        Side of the square and step between squares, pixels.
    mode : {"exact", "fast"}
        "exact": in full precision, equal to whole forwards to 1e-5 of the scores' scale. "fast": products
        with weights in bfloat16 on the change alone; compared with "exact" on some squares of this very
        slice (rms error <= 3 % of the changes' spread, correlation >= 0.999), otherwise "exact" is used.
    fade : int
        Width over which the edge of the cropped square fades, pixels; 0 for a hard edge.
    batch : int, optional
        Squares at a time; by default what keeps the device busy.
    compiled : bool
        Compile the fast way first (needs a C++ compiler; takes a minute, pays for about a thousand squares or
        more); without a compiler it is said and left.
    tick : Tick
        Called for each batch; may raise ``Cancelled``.

    Returns
    -------
    HeatMap

    Raises
    ------
    InputError
        If shapes do not fit together, or the squares leave gaps.
    EmptyError
        If there is no lung.
    """
    windows, network_input = _prepared(network, image, lung_mask, healthy, window, stride, fade)
    tick(0, len(windows), "squares")
    at_hand = local_changes(network, network_input, fast=mode == "fast", compiled=compiled)
    run = _Run(windows, at_hand, batch or at_hand.batch, mode, tick)
    for level in range(windows.depth):
        run.compute(windows.of_level(level))
    return run.result()


def refined_heatmaps(
    network: Any,
    image: npt.ArrayLike,
    lung_mask: npt.ArrayLike,
    healthy: npt.ArrayLike,
    *,
    window: int = 64,
    stride: int = 16,
    mode: Mode = "exact",
    fade: int = 4,
    batch: int | None = None,
    compiled: bool = False,
    tick: Tick = silent,
) -> Iterator[HeatMap]:
    """The same from coarse to fine: each picture covers the whole lung, the last one is complete.

    The first takes squares side by side, each further one halves the step. Where there is a fast way, the
    first picture is made with it (and says so in its `mode`), also if exact ones follow; apart from that no
    square is computed twice. Parameters and errors as :func:`replacement_heatmap`.

    Yields
    ------
    HeatMap
    """
    windows, network_input = _prepared(network, image, lung_mask, healthy, window, stride, fade)
    tick(0, len(windows), "squares")
    at_hand = local_changes(network, network_input, compiled=compiled)
    first = windows.of_level(0)
    if mode == "exact" and at_hand.fast is not None:
        preview = _Run(windows, at_hand, batch or at_hand.batch, "fast", tick)
        preview.compute(first, check=False)
        yield preview.result()
    run = _Run(windows, at_hand, batch or at_hand.batch, mode, tick)
    for level in range(windows.depth):
        run.compute(windows.of_level(level))
        yield run.result()


class _Run:
    """The squares computed so far."""

    def __init__(self, windows: Windows, at_hand: LocalChanges, batch: int, mode: Mode, tick: Tick) -> None:
        self._windows, self._at_hand, self._batch, self._tick = windows, at_hand, batch, tick
        self._changes = np.full((len(windows), len(at_hand.scores)), np.nan, np.float32)
        self._notes: list[str] = []
        self._check: Check | None = None
        self._mode: Mode = mode
        if mode == "fast" and at_hand.fast is None:
            self._mode = "exact"
            self._notes.append("fast is not available for this network; exact was used")

    def compute(self, items: npt.NDArray[np.int64], *, check: bool = True) -> None:
        if self._mode == "fast" and self._check is None and check:
            self._changes[items] = self._by("fast", items)
            some = items[to_check(self._changes[items])]
            exact = self._by("exact", some)
            self._check = compare(self._changes[some], exact)
            if self._check.passed:
                return
            self._notes.append(f"fast was not close enough here ({self._check}); exact was used")
            self._mode = "exact"
        self._changes[items] = self._by(self._mode, items)

    def _by(self, mode: Mode, items: npt.NDArray[np.int64]) -> Field:
        import torch

        way = self._at_hand.exact if mode == "exact" or self._at_hand.fast is None else self._at_hand.fast
        device = self._at_hand.scores.device
        out = np.empty((len(items), self._changes.shape[1]), np.float32)
        place = {int(item): k for k, item in enumerate(items)}
        done = int(np.isfinite(self._changes[:, 0]).sum())
        for part in self._windows.batches(items, self._batch):
            self._tick(min(done, len(self._changes)), len(self._changes), "squares")
            changes = way(torch.from_numpy(part.patches).to(device), part.starts)
            out[[place[int(k)] for k in part.items]] = changes.float().cpu().numpy()
            done += len(part.items)
        self._tick(min(done, len(self._changes)), len(self._changes), "squares")
        return out

    def result(self) -> HeatMap:
        done = np.isfinite(self._changes[:, 0])
        return HeatMap(
            maps=self._windows.spread(self._changes, done),
            scores=self._at_hand.scores.double().cpu().numpy(),
            starts=self._windows.starts,
            changes=self._changes.copy(),
            window=self._windows.window,
            stride=self._windows.stride,
            mode=self._mode,
            squares=self._windows.total,
            complete=bool(done.all()),
            check=self._check,
            notes=(*self._notes, *self._at_hand.notes()),
        )


def _prepared(
    network: Any,
    image: npt.ArrayLike,
    lung_mask: npt.ArrayLike,
    healthy: npt.ArrayLike,
    window: int,
    stride: int,
    fade: int,
) -> tuple[Windows, Any]:
    """The squares, and the image on the network's device."""
    import torch

    pixels, lung, texture = _checked(image, lung_mask, healthy)
    windows = Windows(pixels, texture, lung, window=window, stride=stride, fade=fade)
    device = next((p.device for p in network.parameters()), torch.device("cpu"))
    return windows, torch.from_numpy(pixels).to(device)


def _checked(
    image: npt.ArrayLike, lung_mask: npt.ArrayLike, healthy: npt.ArrayLike
) -> tuple[Field, npt.NDArray[np.bool_], Field]:
    pixels = np.ascontiguousarray(image, np.float32)
    lung = np.asarray(lung_mask).astype(bool)
    if pixels.ndim != 2 or lung.shape != pixels.shape:
        raise InputError(
            "a heat map needs a slice (y, x) and a lung mask of its shape, not "
            f"{pixels.shape} and {lung.shape}"
        )
    if not np.isfinite(pixels).all():
        raise InputError("the slice holds values that are no numbers; fill what was never measured with air")
    return pixels, lung, mirrored(healthy, pixels.shape)
