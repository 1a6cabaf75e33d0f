"""Scores and maps by the extent network: the starter in the package, or a run of ``train-starter``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ssc_core.errors import FormatError
from ssc_core.geometry import Frame
from ssc_core.io.digest import file_digest
from ssc_core.lung.extent.contract import ExtentContract, boxed
from ssc_core.lung.extent.inputs import channels
from ssc_core.lung.goh.intervals import Intervals
from ssc_core.models.card import Card, card
from ssc_core.models.extent_net import FAMILY, patterns_of
from ssc_core.models.nets import build
from ssc_core.progress import Tick, silent
from ssc_core.training.state import read_state

__all__ = ["STARTER_CARD", "ExtentScorer"]

STARTER_CARD = "goh-starter"


class ExtentScorer:
    """A :class:`ssc_core.lung.goh.scorer.SliceScorer` whose score is the mean of its map over the lung.

    Parameters
    ----------
    weights : path-like, optional
        ``best.safetensors`` of a run of ``ssc lung train-starter``; the starter in the package by default.

    Raises
    ------
    InputError, FormatError
        If the weights are not there, damaged, or those of another kind of network.
    """

    def __init__(self, weights: str | Path | None = None) -> None:
        if weights is None:
            from ssc_core.models.registry import weights_of

            found = weights_of(STARTER_CARD)
            path, self.name = found.path, STARTER_CARD
            self.card: Card | None = card(STARTER_CARD)
        else:
            path, self.name, self.card = Path(weights), "extent network", None
        tensors, facts = read_state(path)
        architecture = str(facts.get("architecture", ""))
        if not architecture.startswith(f"{FAMILY}:"):
            raise FormatError("the file holds no extent network; name another", source=path)
        self.network = build(architecture)
        self.network.load_state_dict({name: t.float() for name, t in tensors.items()}, strict=True)
        self.digests: Mapping[str, str] = {self.name: file_digest(path)}
        self.contract = ExtentContract(**facts.get("contract", {}))
        kept = facts.get("intervals")
        self.intervals = None if kept is None else Intervals.model_validate(kept)

    def outside(self, frame: Frame, meta: Mapping[str, Any]) -> tuple[str, ...]:
        """See :meth:`~ssc_core.lung.goh.scorer.SliceScorer.outside`."""
        return self.contract.outside(frame, meta)

    def score(
        self,
        hu: npt.NDArray[np.float32],
        lung: npt.NDArray[np.bool_],
        spacing_mm: tuple[float, float],
        *,
        tick: Tick = silent,
    ) -> npt.NDArray[np.float64]:
        """See :meth:`~ssc_core.lung.goh.scorer.SliceScorer.score`; equals the mean of :meth:`extent`."""
        out = np.full((len(hu), 3), np.nan)
        for k, (image, mask) in enumerate(zip(hu, lung, strict=True)):
            tick(k, len(hu), "scores")
            out[k] = self._one(image, mask, spacing_mm)[0]
        tick(len(hu), len(hu), "scores")
        return out

    def extent(
        self, hu: npt.NDArray[np.float32], lung: npt.NDArray[np.bool_], spacing_mm: tuple[float, float]
    ) -> npt.NDArray[np.float32] | None:
        """Maps (n, 3, y, x): probability of TOT, GG and RET in each pixel of the lung, 0 outside.

        None for a network with the regression head, which has no map.
        """
        if self.network.head != "extent":
            return None
        maps = [self._one(image, mask, spacing_mm)[1] for image, mask in zip(hu, lung, strict=True)]
        return np.stack(maps) if maps else np.zeros((0, 3, *hu.shape[1:]), np.float32)

    def _one(
        self, hu: npt.NDArray[np.float32], lung: npt.NDArray[np.bool_], spacing_mm: tuple[float, float]
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float32]]:
        """Scores (3,) in percent, and maps (3, y, x) on the pixels of the slice."""
        import torch
        from torch.nn import functional

        maps = np.zeros((3, *hu.shape), np.float32)
        cut = boxed(hu, lung, spacing_mm)
        if cut is None:
            return np.full(3, np.nan), maps
        image, mask, window = cut
        x = torch.from_numpy(channels(image, mask)[None])
        with torch.inference_mode():
            if self.network.head != "extent":
                told = self.network(x, torch.from_numpy(mask[None].astype(np.float32)))
                return told[0].double().numpy(), maps
            places = patterns_of(self.network(x))
            fine = functional.interpolate(places, size=mask.shape, mode="bilinear", align_corners=False)
        maps = window.back(fine[0].numpy(), spacing_mm, hu.shape) * lung
        return 100.0 * maps[:, lung].mean(axis=1, dtype=np.float64), np.asarray(maps, np.float32)
