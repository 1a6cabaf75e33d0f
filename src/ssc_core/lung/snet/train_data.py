"""What the folds of a training draw from: scored slices by patient, healthy hosts, seed patches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ssc_core.errors import EmptyError
from ssc_core.lung.snet.balance import mixed
from ssc_core.lung.snet.contract import SNetContract
from ssc_core.lung.snet.items import Host, Phantom, ScoreItems
from ssc_core.lung.snet.items_slices import Extracted, Scored
from ssc_core.lung.snet.params import ScoreTrainParams
from ssc_core.lung.synthesis.seeds import SeedBank, generated_seeds
from ssc_core.lung.synthesis.slices import phantom_slices
from ssc_core.training.sampling import Draws
from ssc_core.training.task import Items

__all__ = ["Pool", "contract_of", "pool_of"]


@dataclass(frozen=True, eq=False)
class Pool:
    """All that a fold may draw from.

    Parameters
    ----------
    by_patient : dict of str to tuple of Scored
        Scored slices and their neighbours.
    phantoms : tuple of Phantom
        Healthy phantoms; empty where none are wanted.
    seeds : SeedBank or None
        The user's patches; None for generated ones.
    contract : SNetContract
        Of the network.
    params : ScoreTrainParams
        How.
    """

    by_patient: dict[str, tuple[Scored, ...]]
    phantoms: tuple[Phantom, ...]
    seeds: SeedBank | None
    contract: SNetContract
    params: ScoreTrainParams

    def items(self, patients: Sequence[str], training: bool) -> ScoreItems:
        """Items of some patients: with neighbours, augmentation and synthesis if they train, bare if not.

        Hosts and seed patches come from these patients alone (and from phantoms and generators, which are
        nobody's), so that validation and test lend nothing to the training set.

        Raises
        ------
        EmptyError
            If synthesis is wanted and these patients have no slice with TOT 0.
        """
        slices = [s for p in patients for s in self.by_patient.get(p, ())]
        if not training:
            return ScoreItems([s for s in slices if s.offset == 0], self.contract)
        if not self.params.synthesis:
            return ScoreItems(slices, self.contract, self.params)
        hosts: list[Host] = (
            [] if self.params.healthy == "phantoms" else [s for s in slices if s.scores[0] == 0]
        )
        hosts += self.phantoms
        if not hosts:
            raise EmptyError(
                "no training slice has TOT 0, so synthesis has nothing to start from; add --healthy phantoms "
                "or --no-synthesis"
            )
        return ScoreItems(slices, self.contract, self.params, hosts=hosts, seeds=self.seeds_of(patients))

    def seeds_of(self, patients: Sequence[str]) -> SeedBank:
        """The seed patches of these patients; generated ones where they have none of a pattern."""
        own = None if self.seeds is None else self.seeds.of(patients)[0]
        return own or generated_seeds(self.params.seed)

    def draws(self, items: Items) -> Draws:
        """Sampler of a training set made by :meth:`items`."""
        assert isinstance(items, ScoreItems)
        p = self.params
        share = p.share / 100 if p.synthesis else 0.0
        tot = [s.scores[0] for s in items.real]
        return mixed(tot, len(items.hosts), is_balanced=p.balanced, share=share)


def pool_of(
    data: Extracted, seeds: SeedBank | None, contract: SNetContract, params: ScoreTrainParams
) -> Pool:
    """The pool of a training."""
    by_patient: dict[str, list[Scored]] = {}
    for one in data.slices:
        by_patient.setdefault(one.patient, []).append(one)
    phantoms: tuple[Phantom, ...] = ()
    if params.synthesis and params.healthy != "own":
        made = phantom_slices(params.healthy_phantoms, 5, params.matrix, params.seed)
        phantoms = tuple(Phantom(one) for one in made)
    return Pool({p: tuple(s) for p, s in by_patient.items()}, phantoms, seeds, contract, params)


def contract_of(params: ScoreTrainParams, facts: Sequence[dict[str, Any]]) -> SNetContract:
    """What the network is fed, and on what kind of CT it learns.

    What some of the CTs do not state stays unknown, and is then not checked when others are scored.
    """
    thick = [f.get("slice thickness (mm)") for f in facts]
    kernels = {str(f.get("kernel") or "") for f in facts}
    spacing = [float(f["spacing_mm"]) for f in facts]
    known = [float(t) for t in thick if t is not None]
    return SNetContract(
        backbone=params.backbone,
        stem=params.stem,
        scaling=params.scaling,
        matrix=params.matrix,
        masked=params.masked,
        spacing_mm=(round(min(spacing), 4), round(max(spacing), 4)),
        thickness_mm=(min(known), max(known)) if len(known) == len(facts) else None,
        kernels=() if "" in kernels else tuple(sorted(kernels)),
    )
