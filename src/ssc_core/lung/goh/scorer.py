"""What every scorer of slices offers, whoever made it: a network, an extent map, a fitted baseline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from ssc_core.geometry import Frame
from ssc_core.progress import Tick, silent

if TYPE_CHECKING:
    from ssc_core.io.volume import Volume
    from ssc_core.lung.goh.intervals import Intervals
    from ssc_core.models.card import Card

__all__ = ["SliceScorer", "facts_of_ct"]


@runtime_checkable
class SliceScorer(Protocol):
    """Scores of axial slices in percent of the lung's area, in the order of ``goh.scores.PATTERNS``."""

    @property
    def name(self) -> str:
        """Neutral name for records: never a path."""
        ...

    @property
    def card(self) -> Card | None:
        """The card on the shelf; None for a user's own training run."""
        ...

    @property
    def digests(self) -> Mapping[str, str]:
        """Weights by name, with their sha256, for the record."""
        ...

    @property
    def intervals(self) -> Intervals | None:
        """Errors on held-out cases; None where nobody measured them."""
        ...

    def outside(self, frame: Frame, meta: Mapping[str, Any]) -> tuple[str, ...]:
        """In what a CT lies outside what the scorer was made for, one sentence each.

        Parameters
        ----------
        frame : Frame
            Of the CT: (z, y, x), mm.
        meta : mapping
            As :func:`facts_of_ct` gives it; a fact that the file does not state is absent.

        Raises
        ------
        InputError
            If such a CT must not be scored at all (a matrix of 64 x 64).
        """
        ...

    def score(
        self,
        hu: npt.NDArray[np.float32],
        lung: npt.NDArray[np.bool_],
        spacing_mm: tuple[float, float],
        *,
        tick: Tick = silent,
    ) -> npt.NDArray[np.float64]:
        """Raw scores (n, 3) of slices; NaN where a slice holds no lung.

        Parameters
        ----------
        hu : ndarray of float32, (n, y, x)
            HU; what was never measured is air.
        lung : ndarray of bool, (n, y, x)
            Both lungs without trachea and main bronchi.
        spacing_mm : tuple of float
            (y, x).
        tick : Tick
            Progress.
        """
        ...

    def extent(
        self, hu: npt.NDArray[np.float32], lung: npt.NDArray[np.bool_], spacing_mm: tuple[float, float]
    ) -> npt.NDArray[np.float32] | None:
        """Maps (n, 3, y, x) in [0, 1] whose mean over the lung is the score / 100; None if there are none."""
        ...


def facts_of_ct(image: Volume) -> dict[str, Any]:
    """What :meth:`SliceScorer.outside` is told of a CT.

    Returns
    -------
    dict
        ``matrix`` (rows, columns), and where the file states them ``kernel``, ``slice thickness (mm)``,
        ``kVp``, ``contrast`` ("yes") and the like: the header of the volume. Nothing that identifies anybody.
    """
    return {**image.header, "matrix": image.shape[1:]}
