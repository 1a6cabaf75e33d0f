"""Which findings count, and a reader's last word; the same for images and volumes."""

from __future__ import annotations

from collections.abc import Collection

from ssc_core.calcinosis.kinds import DEPOSIT, KINDS
from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.errors import InputError

__all__ = ["check_toggles", "verdict_on"]


def check_toggles(toggles: Collection[int], findings: int) -> None:
    """Whether every label that is turned round names one of the findings 1 ... `findings`.

    Raises
    ------
    InputError
        If one does not.
    """
    unknown = sorted(set(toggles) - set(range(1, findings + 1)))
    if unknown:
        named = ", ".join(map(str, unknown))
        raise InputError(f"there is no finding {named} to toggle; the labels run from 1 to {findings}")


def verdict_on(
    label: int, kind: str, toggles: Collection[int], params: CalcinosisParams, *, chosen: bool
) -> tuple[bool, list[str]]:
    """Whether a finding counts, and what is said about that.

    Parameters
    ----------
    label, kind : int, str
        Its label and kind.
    toggles : collection of int
        Labels whose verdict a reader turns round.
    params : CalcinosisParams
        ``normal_left_out`` matters here.
    chosen : bool
        Its seed was given by a person: it counts.
    """
    counts = chosen or kind == DEPOSIT or not params.normal_left_out
    if label in toggles:
        return not counts, [f"{'left out' if counts else 'counted'} by the reader"]
    return counts, [] if kind == DEPOSIT else [f"{kind}: {KINDS[kind]}"]
