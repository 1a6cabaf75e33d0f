"""Which bodies count: what belongs to bone does not, unless a reader says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ssc_core.calcinosis.bones import Bones
from ssc_core.calcinosis.kinds import DEPOSIT, may_be_bone_end, shafts_of
from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.calcinosis.sesamoid import POSSIBLE
from ssc_core.calcinosis.solid.grid import Block
from ssc_core.calcinosis.solid.kinds import kind_of_body, sesamoid_like
from ssc_core.calcinosis.solid.measure import Body
from ssc_core.calcinosis.verdict import check_toggles, verdict_on

__all__ = ["judged"]


def judged(
    bodies: list[Body],
    bones: Bones,
    block: Block,
    params: CalcinosisParams,
    toggles: Sequence[int],
    *,
    chosen: bool = False,
) -> tuple[list[Body], list[Body]]:
    """Name and number all bodies from the largest on; part those that count from those that do not.

    Parameters
    ----------
    bodies : list of Body
        Large enough.
    bones, block : Bones, Block
        The bones and the geometry.
    params : CalcinosisParams
        ``normal_left_out`` matters here.
    toggles : sequence of int
        Labels whose verdict a reader turns round.
    chosen : bool
        The seeds were given by a person: all count.

    Returns
    -------
    counted, left_out : list of Body

    Raises
    ------
    InputError
        If a toggle names no finding.
    """
    ordered = sorted(bodies, key=lambda b: (-b.volume, float(b.row["plane"]), float(b.row["row"])))
    check_toggles(toggles, len(ordered))
    shafts = shafts_of(bones, block.step)
    slice_mm = max(s * f for s, f in zip(block.step, block.factor, strict=True))
    counted: list[Body] = []
    left: list[Body] = []
    for label, body in enumerate(ordered, 1):
        row = body.row
        kind = kind_of_body(
            row, body.centre, shafts, hollow=body.hollow, bone_hu=body.bone_hu, slice_mm=slice_mm
        )
        notes = [row["flags"]] if row["flags"] else []
        if kind == DEPOSIT and sesamoid_like(row, body.centre, shafts):
            notes.append(POSSIBLE)
        if kind == DEPOSIT and may_be_bone_end(row, body.centre, shafts):
            notes.append("on a bone's end and in line with it: part of it may be bone")
        counts, said = verdict_on(label, kind, toggles, params, chosen=chosen)
        row = {**row, "label": label, "kind": kind, "flags": "; ".join(notes + said)}
        (counted if counts else left).append(replace(body, row=row))
    return counted, left
