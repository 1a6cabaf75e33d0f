"""Training items: scored slices, and slices made from healthy ones with their exact scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ssc_core.lung.snet.contract import SNetContract
from ssc_core.lung.snet.items_change import moved
from ssc_core.lung.snet.items_slices import Scored
from ssc_core.lung.snet.params import ScoreTrainParams
from ssc_core.lung.synthesis.insertion import Synthetic, synthesise
from ssc_core.lung.synthesis.seeds import SeedBank
from ssc_core.lung.synthesis.slices import LungSlice

__all__ = ["Host", "Phantom", "ScoreItems"]


class Host(Protocol):
    """A healthy slice that can be loaded."""

    @property
    def patient(self) -> str:
        """Whose."""

    def lung_slice(self) -> LungSlice:
        """The slice."""


@dataclass(frozen=True, eq=False)
class Phantom:
    """A healthy phantom slice in memory; it belongs to no patient."""

    one: LungSlice
    patient: str = ""

    def lung_slice(self) -> LungSlice:
        """The slice."""
        return self.one


class ScoreItems:
    """Items of the trainer: slice (1, y, x), scores (3,).

    The first ``len(real)`` items are the scored slices, the others synthetic ones, one per host.

    Parameters
    ----------
    real : sequence of Scored
        Slices and scores.
    contract : SNetContract
        Of the network.
    params : ScoreTrainParams, optional
        Augmentation; none (validation) by default.
    hosts : sequence of Host
        Healthy slices of the same patients, or phantoms.
    seeds : SeedBank, optional
        Patterns; needed with hosts.
    """

    def __init__(
        self,
        real: Sequence[Scored],
        contract: SNetContract,
        params: ScoreTrainParams | None = None,
        *,
        hosts: Sequence[Host] = (),
        seeds: SeedBank | None = None,
    ) -> None:
        self.real, self.contract, self.params = tuple(real), contract, params
        self.hosts, self.seeds = tuple(hosts), seeds

    def __len__(self) -> int:
        """Number of scored slices and hosts."""
        return len(self.real) + len(self.hosts)

    def item(self, index: int, rng: np.random.Generator | None) -> tuple[npt.NDArray[Any], ...]:
        """A slice, changed at random where there is a generator, and its scores in percent."""
        hu: npt.NDArray[Any]
        if index < len(self.real):
            one = self.real[index]
            (hu, lung), scores = one.pixels(), one.scores
        else:
            if rng is None:
                raise IndexError(f"there is no scored slice {index}")
            host, made = self.made(index, rng)
            hu, lung, scores = made.hu, host.lung, made.scores
        if rng is not None and self.params is not None:
            p = self.params
            hu, lung = moved(hu, lung, rng, rotation=p.rotation, scale=p.scale, shift=p.shift)
        return self.contract.fed(hu[None], lung[None])[0], np.array(scores, np.float32)

    def made(self, index: int, rng: np.random.Generator) -> tuple[LungSlice, Synthetic]:
        """A host and what synthesis makes of it.

        With balanced sampling its extent is asked to be even over 0-100 %, as the real half's is; else it is
        what the ellipses give.
        """
        assert self.params is not None
        assert self.seeds is not None
        host = self.hosts[index - len(self.real)].lung_slice()
        wanted = float(rng.uniform(0, 100)) if self.params.balanced else None
        return host, synthesise(host, self.seeds, self.params.insertion, rng, wanted=wanted)
