"""From measured regions to lesions: what each is, which of them count, and a reader's last word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi

from ssc_core.calcinosis.bones import Bones
from ssc_core.calcinosis.energy import EnergyPair, grade_of, ratio_of
from ssc_core.calcinosis.grid import FineGrid
from ssc_core.calcinosis.kinds import DEPOSIT, kind_of, may_be_bone_end, may_be_sesamoid, shafts_of
from ssc_core.calcinosis.measure import Found
from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.calcinosis.sesamoid import POSSIBLE, SOLID, is_palmar
from ssc_core.calcinosis.verdict import check_toggles, verdict_on

__all__ = ["sorted_out"]

_HALF_SEEN = 0.6
_NEAR_MM = 1.0
_HOLLOW = 1.05


def sorted_out(
    found: list[Found],
    bones: Bones,
    grid: FineGrid,
    params: CalcinosisParams,
    toggles: Sequence[int],
    *,
    chosen: bool = False,
    pair: EnergyPair | None = None,
    soft: npt.NDArray[np.bool_] | None = None,
) -> tuple[list[Found], list[Found]]:
    """Name and number all findings, and part those that count from those that do not.

    Parameters
    ----------
    found : list of Found
        Findings large enough; numbered here from the largest on.
    bones, grid, params
        The bones, the geometry, and whether what belongs to bone is left out.
    toggles : sequence of int
        Labels whose verdict a reader turns round.
    chosen : bool
        The seeds were given by a person: all findings count.
    pair, soft : optional
        Images at two energies and where soft tissue is, on the image's pixels.

    Returns
    -------
    counted, left_out : list of Found
        Both in the order of their labels.

    Raises
    ------
    InputError
        If a toggle names no finding.
    """
    ordered = sorted(found, key=lambda f: (-f.area, float(f.row["row"]), float(f.row["column"])))
    check_toggles(toggles, len(ordered))
    shafts = shafts_of(bones, grid.step)
    counted: list[Found] = []
    left: list[Found] = []
    for label, one in enumerate(ordered, 1):
        row = {**one.row, "label": label}
        centre = (np.array([row["row"], row["column"]]) + 0.5) * grid.factor * grid.step
        filled = int(ndi.binary_fill_holes(one.mask).sum())
        hollow = filled > _HOLLOW * int(one.mask.sum())
        palmar = is_palmar(centre, bones, int(row["finger"]))
        other = None if bones.other is None else _shares(bones.other[one.box][one.mask])
        row["kind"] = kind_of(row, centre, shafts, hollow=hollow, palmar=palmar, other=other)
        notes = [row["flags"]] if row["flags"] else []
        if row["kind"] == DEPOSIT and may_be_sesamoid(row, centre, shafts) and palmar is not False:
            notes.append(POSSIBLE)
        if row["kind"] == "sesamoid" and not hollow:
            notes.append(SOLID)
        if row["kind"] == DEPOSIT and may_be_bone_end(row, centre, shafts):
            notes.append("on a bone's end and in line with it: part of it may be bone")
        if pair is not None and soft is not None:
            notes += _by_energy(row, one, grid, pair, soft, params)
        notes += _beside_doubt(one, bones)
        counts, said = verdict_on(label, str(row["kind"]), toggles, params, chosen=chosen)
        row["flags"] = "; ".join(notes + said)
        (counted if counts else left).append(replace(one, row=row))
    return counted, left


def _shares(values: npt.NDArray[np.float32]) -> tuple[float, float]:
    return float(values.mean()), float(values.max())


def _by_energy(
    row: dict[str, object],
    one: Found,
    grid: FineGrid,
    pair: EnergyPair,
    soft: npt.NDArray[np.bool_],
    params: CalcinosisParams,
) -> list[str]:
    fine = np.zeros([n * f for n, f in zip(grid.shape, grid.factor, strict=True)], bool)
    fine[one.box] = one.mask
    share = grid.share(fine)
    mask = share >= min(0.5, float(share.max()))
    ratio, error = ratio_of(pair, mask, soft)
    grade = grade_of(ratio, error, params.calcium_ratio)
    row["energy_ratio"], row["energy_grade"] = ratio, grade
    if grade == "not calcium":
        row["kind"] = "not calcium"
    return ["two energies do not tell whether it is calcium"] if grade == "doubtful" else []


def _beside_doubt(one: Found, bones: Bones) -> list[str]:
    """Whether the bone beside it was hardly seen: then it may itself be bone."""
    if not bones.found or not one.row["touches_bone"]:
        return []
    near = bones.labels[one.box][bones.distance[one.box] < _NEAR_MM]
    beside = {int(v) for v in np.unique(near) if v}
    if any(bones.found[v - 1].seen < _HALF_SEEN for v in beside):
        return ["beside a bone whose outline could hardly be seen: it may be bone"]
    return []
