"""Take boxes out of a map and put boxes into maps. Maps are (y, x, channels), batches (n, y, x, channels)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ssc_core.models.incremental.reach import Region

__all__ = ["crop", "embed", "padded", "zeros_around"]

Tensor = Any
Offsets = npt.NDArray[np.int64]


def padded(whole: Tensor, halo: int) -> Tensor:
    """A map (y, x, c) with `halo` zeros on every side, as a convolution sees it."""
    import torch.nn.functional as F

    return F.pad(whole, (0, 0, halo, halo, halo, halo)) if halo else whole


def crop(whole: Tensor, region: Region) -> Tensor:
    """The boxes of `region` from one map (y, x, c); a view of the map where each box is all of it."""
    import torch

    h, w = region.size
    if region.covers(tuple(whole.shape[:2])):
        return whole.expand(len(region.starts), *whole.shape)
    if _row_by_row(whole):
        return torch.stack([whole[y : y + h, x : x + w] for y, x in region.starts.tolist()])
    rows, columns = _indices(region.starts, region.size, whole.device)
    return whole[rows[:, :, None], columns[:, None, :]]


def embed(into: Tensor, boxes: Tensor, starts: Offsets) -> Tensor:
    """Write each box into its own map of the batch `into`, from its start on; returns `into`."""
    import torch

    n, h, w = boxes.shape[:3]
    if _row_by_row(into):
        for k, (y, x) in enumerate(starts.tolist()):
            into[k, y : y + h, x : x + w] = boxes[k]
        return into
    rows, columns = _indices(starts, (h, w), into.device)
    item = torch.arange(n, device=into.device)[:, None, None]
    into[item, rows[:, :, None], columns[:, None, :]] = boxes
    return into


def zeros_around(boxes: Tensor, starts: Offsets, size: tuple[int, int]) -> Tensor:
    """Maps of `size` that are zero but for the boxes."""
    n, _, _, channels = boxes.shape
    return embed(boxes.new_zeros((n, *size, channels)), boxes, starts)


def _row_by_row(tensor: Tensor) -> bool:
    """Whether plain copies of rows are quicker than one indexed copy of all boxes: on a CPU they are."""
    return bool(tensor.device.type == "cpu")


def _indices(starts: Offsets, size: tuple[int, int], device: Any) -> tuple[Tensor, Tensor]:
    import torch

    first = torch.as_tensor(starts, device=device)
    rows = first[:, :1] + torch.arange(size[0], device=device)
    return rows, first[:, 1:] + torch.arange(size[1], device=device)
