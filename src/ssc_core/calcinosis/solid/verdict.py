"""Which bodies count: thin layers on bone do not, unless a reader says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ssc_core.calcinosis.kinds import DEPOSIT
from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.calcinosis.solid.measure import Body
from ssc_core.calcinosis.verdict import check_toggles, verdict_on

__all__ = ["judged"]

_RIM_THICK_MM = 0.6  # volume over contact with bone


def judged(
    bodies: list[Body], params: CalcinosisParams, toggles: Sequence[int], *, chosen: bool = False
) -> tuple[list[Body], list[Body]]:
    """Number all bodies from the largest on; part those that count from thin rims of bone.

    Parameters
    ----------
    bodies : list of Body
        Large enough.
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
    counted: list[Body] = []
    left: list[Body] = []
    for label, body in enumerate(ordered, 1):
        contact = float(body.row["on_bone_mm2"])
        kind = "rim" if contact > 0 and body.volume / contact < _RIM_THICK_MM else DEPOSIT
        notes = [body.row["flags"]] if body.row["flags"] else []
        counts, said = verdict_on(label, kind, toggles, params, chosen=chosen)
        notes += said
        row = {**body.row, "label": label, "kind": kind, "flags": "; ".join(notes)}
        (counted if counts else left).append(replace(body, row=row))
    return counted, left
