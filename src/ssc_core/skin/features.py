"""Quantitative image features of patches: the network computes while the next patches are being read.

Correia et al. 2020, Deep neural network feature extraction: 4096 features of fully connected layer 6 of
AlexNet for each of 100 patches of 227 x 227 pixels from the dermis.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

import numpy as np
import numpy.typing as npt

from ssc_core.errors import InputError
from ssc_core.io.slide import Slide
from ssc_core.progress import Tick, silent
from ssc_core.skin.backbones import MORPHOMETRY, Backbone, open_backbone
from ssc_core.skin.drawing import patch_mpp
from ssc_core.skin.stain import Rgb, StainModel
from ssc_core.tiles import Fields, iter_fields

__all__ = ["BATCH", "MORPHOMETRY", "Backbone", "check_patches", "extract", "open_backbone"]

Features = npt.NDArray[np.float32]

BATCH = 25
"""Patches given to a network at a time."""


def extract(
    slide: Slide,
    fields: Fields,
    backbone: Backbone,
    tick: Tick = silent,
    *,
    batch: int = BATCH,
    stain: StainModel | None = None,
    workers: int | None = None,
    seen: Callable[[int, Rgb], None] | None = None,
) -> Features:
    """Features of all fields of a slide.

    Parameters
    ----------
    slide : Slide
        Where the fields were drawn.
    fields : Fields
        Which.
    backbone : Backbone
        See :func:`open_backbone`.
    tick : Tick
        Told after each batch; may raise ``Cancelled``.
    batch : int
        Patches at a time.
    stain : StainModel, optional
        The slide's stain, for backbones that need it (see :func:`ssc_core.skin.drawing.draw`).
    workers : int, optional
        Threads that read. Features do not depend on it.
    seen : callable, optional
        Shown every patch once, with its index in `fields`, in the caller's thread.

    Returns
    -------
    (n, features) float32
        In the order of `fields`. NaN where morphometry could not be measured. Another `batch` changes a
        network's features by rounding only, less than 1e-5 of the largest one.

    Raises
    ------
    InputError
        If the backbone takes patches of another size, or needs the stain and got none.
    FormatError
        If a tile of the slide is damaged.
    """
    if batch < 1:
        raise InputError(f"--batch must be at least 1 (given {batch})")
    check_patches(fields.plan.size_px, backbone)
    if backbone.needs_stain and stain is None:
        raise InputError(f"{backbone.name} needs the stain of the slide")
    mpp = patch_mpp(fields)
    out = np.empty((len(fields), len(backbone.names)), np.float32)
    done = 0
    with ThreadPoolExecutor(1) as beside:
        pending: deque[tuple[list[int], Future[Features]]] = deque()

        def take() -> int:
            where, computed = pending.popleft()
            out[where] = computed.result()
            return len(where)

        for where, patches in _batches(iter_fields(slide, fields, workers=workers), batch):
            tick(done, len(fields), "computing features")
            pending.append((where, beside.submit(backbone.compute, patches, stain, mpp)))
            if seen is not None:
                for index, patch in zip(where, patches, strict=True):
                    seen(index, patch)
            if len(pending) > 1:  # one is computed while the next is being read
                done += take()
        while pending:
            tick(done, len(fields), "computing features")
            done += take()
    tick(done, len(fields), "computing features")
    return out


def check_patches(size_px: int, backbone: Backbone) -> None:
    """Refuse patches of a size that `backbone` does not take.

    Raises
    ------
    InputError
        With the pixel size that keeps the field of 0.4 mm.
    """
    wanted = backbone.patch_px
    if wanted is not None and size_px != wanted:
        raise InputError(
            f"{backbone.name} takes patches of {wanted} px, not {size_px}; give --patch-px {wanted} "
            f"(with --patch-mpp {400 / wanted:.4f} for fields of 0.4 mm)"
        )


def _batches(patches: Iterator[tuple[int, Rgb]], size: int) -> Iterator[tuple[list[int], Rgb]]:
    """Patches as they come, `size` together, with their numbers."""
    while together := list(islice(patches, size)):
        yield [index for index, _ in together], np.stack([patch for _, patch in together])
