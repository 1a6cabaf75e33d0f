"""The samples of a training, made once: noise, kernel and masks vary each time one is seen."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from ssc_core.errors import EmptyError
from ssc_core.lung.extent.grid import AIR_HU
from ssc_core.lung.extent.healthy import HealthySlice
from ssc_core.lung.extent.inputs import channels
from ssc_core.lung.extent.look import draw_look, jittered, looked
from ssc_core.lung.extent.sample import CROP, LUNG, sample, targets_of
from ssc_core.progress import Tick, silent
from ssc_core.seeds import seed_of

__all__ = ["Pool", "PoolItems", "make_pool"]

_LEAST_AREA = 1500
_WIDTH = 160  # columns of a sample that training sees at a time


class Pool:
    """Samples in a folder: ``hu.npy`` int16 and ``labels.npy`` uint8, both (n, y, x), read when needed."""

    def __init__(self, folder: Path) -> None:
        self.hu = np.load(folder / "hu.npy", mmap_mode="r", allow_pickle=False)
        self.labels = np.load(folder / "labels.npy", mmap_mode="r", allow_pickle=False)

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.hu)

    def targets(self) -> npt.NDArray[np.float64]:
        """True scores (n, 3)."""
        return np.array([targets_of(np.asarray(one)) for one in self.labels])


def make_pool(
    bases: Sequence[HealthySlice],
    count: int,
    folder: Path,
    *,
    seed: int = 0,
    real: float = 0.5,
    workers: int = 1,
    tick: Tick = silent,
) -> Pool:
    """Write a pool of `count` samples.

    Parameters
    ----------
    bases : sequence of HealthySlice
        Healthy slices.
    count : int
        Number of samples.
    folder : Path
        Where to; made if it does not exist. A pool that is there is taken as it is.
    seed : int
        Sample k depends on it, on k and on the bases alone.
    real : float
        Share of samples whose slice comes from a CT, where both kinds are given.
    workers : int
        Threads.
    tick : Tick
        Progress.

    Raises
    ------
    EmptyError
        If there is no healthy slice.
    """
    if not bases:
        raise EmptyError("there are no healthy slices; give CTs or phantoms")
    if (folder / "labels.npy").is_file():
        return Pool(folder)
    folder.mkdir(parents=True, exist_ok=True)
    kinds = [[b for b in bases if b.origin == kind] for kind in ("ct", "phantom")]
    kinds = [k for k in kinds if k]

    def one(k: int) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.uint8]]:
        for attempt in range(20):
            rng = np.random.default_rng(seed_of(seed, "sample", k, attempt))
            some = kinds[0] if len(kinds) == 1 or rng.random() < real else kinds[1]
            hu, labels = sample(some[int(rng.integers(len(some)))], rng)
            if np.count_nonzero(labels & LUNG) >= _LEAST_AREA:
                return hu, labels
        raise EmptyError("the healthy slices hold too little lung; give others")

    images = np.lib.format.open_memmap(folder / "hu.npy", "w+", np.int16, (count, *CROP))
    labels = np.lib.format.open_memmap(folder / ".labels.npy", "w+", np.uint8, (count, *CROP))
    with ThreadPoolExecutor(workers) as threads:
        for first in range(0, count, 64):
            tick(first, count, "making samples")
            for k, (hu, label) in enumerate(threads.map(one, range(first, min(first + 64, count))), first):
                images[k], labels[k] = hu, label
    images.flush()
    labels.flush()
    (folder / ".labels.npy").replace(folder / "labels.npy")
    return Pool(folder)


class PoolItems:
    """Items of the trainer: channels (5, y, x), share of lung in each cell (y / 4, x / 4), TOT, GG, RET (3,).

    Parameters
    ----------
    pool : Pool
        The samples.
    chosen : sequence of int
        Which of them.
    seed : int
        Draws how validation samples look; training samples look different each time.
    """

    def __init__(self, pool: Pool, chosen: Sequence[int], seed: int = 0) -> None:
        self.pool, self.chosen, self.seed = pool, tuple(chosen), seed

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.chosen)

    def item(self, index: int, rng: np.random.Generator | None) -> tuple[npt.NDArray[np.float32], ...]:
        """One sample as some scanner and some mask would show it."""
        k = self.chosen[index]
        training = rng is not None
        rng = rng or np.random.default_rng(seed_of(self.seed, "look", k))
        hu, labels = np.asarray(self.pool.hu[k]), np.asarray(self.pool.labels[k])
        if training:
            hu, labels = _part(*_moved(hu, labels, rng), rng)
        lung = jittered(labels & LUNG > 0, rng)
        image = looked(np.ascontiguousarray(hu), draw_look(rng), rng)
        cells = lung.reshape(lung.shape[0] // 4, 4, lung.shape[1] // 4, 4).mean(axis=(1, 3), dtype=np.float32)
        target = np.array(targets_of(labels, lung), np.float32)
        return channels(image, lung), cells, target


def _part(
    hu: npt.NDArray[np.int16], labels: npt.NDArray[np.uint8], rng: np.random.Generator
) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.uint8]]:
    """A part with one lung or a bit of both: half the work, and three numbers that say more about less.

    The first of some random places with enough lung, else the one with most of it.
    """
    lung = np.concatenate([[0], np.cumsum((labels & LUNG).sum(axis=0, dtype=np.int64))])
    places = rng.integers(0, labels.shape[1] - _WIDTH + 1, 8)
    area = lung[places + _WIDTH] - lung[places]
    enough = np.flatnonzero(area >= _LEAST_AREA)
    left = int(places[enough[0] if len(enough) else int(area.argmax())])
    return hu[:, left : left + _WIDTH], labels[:, left : left + _WIDTH]


def _moved(
    hu: npt.NDArray[np.int16], labels: npt.NDArray[np.uint8], rng: np.random.Generator
) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.uint8]]:
    """Mirrored, turned and scaled a little, so that no texture is seen twice at the same size."""
    rows, columns = hu.shape
    if rng.random() < 0.5:
        hu, labels = hu[:, ::-1], labels[:, ::-1]
    if rng.random() < 0.4:
        return hu, labels
    turn, scale = float(rng.uniform(-15, 15)), float(np.exp(rng.uniform(-0.12, 0.12)))
    matrix = cv2.getRotationMatrix2D((columns / 2, rows / 2), turn, scale)
    size = (columns, rows)
    image = cv2.warpAffine(np.ascontiguousarray(hu), matrix, size, flags=cv2.INTER_CUBIC, borderValue=AIR_HU)
    moved = cv2.warpAffine(np.ascontiguousarray(labels), matrix, size, flags=cv2.INTER_NEAREST)
    return (image, moved) if (moved & LUNG).any() else (hu, labels)
