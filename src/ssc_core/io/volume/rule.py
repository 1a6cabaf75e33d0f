"""A written rule that chooses one series of a folder, tells why, and never guesses between equals.

A rule is a list of clauses with commas between them, applied one after the other::

    thinnest axial, kernel Br40*|B40f

- ``axial``: slices that lie within 30 degrees of the axial plane.
- ``thinnest``: the smallest distance between slices. It keeps all series within 1 % of it.
- ``longest``: the largest extent along the slice axis (to 1 %).
- ``kernel A|B``: the first of these names that any series has (capitals alike; ``*`` stands for anything).

Within a clause ``axial`` comes first. A rule must lead to one series; where several are left they are listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np

from ssc_core.errors import ChoiceNeeded, InputError
from ssc_core.io.volume.series import Series

__all__ = ["SeriesChoice", "check_rule", "choose_series"]

AXIAL_DEGREES = 30.0
SAME = 0.01
"""Share within which two distances or extents count as equal."""

Candidates = list[Series]


@dataclass(frozen=True)
class SeriesChoice:
    """The series that a rule chose.

    Parameters
    ----------
    series : Series
        The chosen one.
    reason : str
        One sentence, free of names: what each word of the rule left over.
    """

    series: Series
    reason: str


def choose_series(series_list: Sequence[Series], rule: str) -> SeriesChoice:
    """The one series that `rule` leaves over.

    Parameters
    ----------
    series_list : sequence of Series
        From :func:`~ssc_core.io.volume.series.list_series`. Excluded series never take part.
    rule : str
        As "thinnest axial, kernel B40f|B30f".

    Raises
    ------
    InputError
        If the rule cannot be understood.
    ChoiceNeeded
        If several series are left (they are listed), or a word leaves none.
    """
    left = [s for s in series_list if not s.excluded]
    private = [t for s in series_list for t in (s.description, s.uid)]
    listing = "; ".join(str(s) for s in series_list)
    told = [f"{len(left)} candidate{'s' if len(left) != 1 else ''}"]
    for word, pattern in _words(rule):
        kept, what = _KEEP[word](left, pattern)
        if not kept:
            raise ChoiceNeeded(
                f"the series rule '{rule}' leaves no series at '{what}', name one with --series N: {listing}",
                private=private,
            )
        told.append(f"{what} leaves {len(kept)}")
        left = kept
    if len(left) != 1:
        tied = "; ".join(str(s) for s in left)
        raise ChoiceNeeded(
            f"the series rule '{rule}' leaves {len(left)} series that it cannot tell apart, name one with"
            f" --series N: {tied}",
            private=private,
        )
    return SeriesChoice(left[0], f"the series was chosen by the rule '{rule}': {', '.join(told)}")


def check_rule(rule: str) -> str:
    """`rule` itself, if it can be understood.

    Raises
    ------
    InputError
        Naming the word that cannot be.
    """
    _words(rule)
    return rule


def _words(rule: str) -> list[tuple[str, str]]:
    """(word, pattern) in the order of application."""
    out: list[tuple[str, str]] = []
    for clause in rule.split(","):
        words = clause.split()
        if words and words[0].lower() == "kernel" and len(words) == 2:
            out.append(("kernel", words[1]))
            continue
        lower = [w.lower() for w in words]
        unknown = [w for w in lower if w not in ("axial", "thinnest", "longest")]
        if unknown or not lower:
            raise InputError(
                f"the series rule '{rule}' cannot be understood at '{clause.strip()}'; write it as 'thinnest"
                " axial, kernel B40f|B30f'"
            )
        out += [(w, "") for w in sorted(lower, key=lambda w: w != "axial")]
    return out


def _axial(left: Candidates, _: str) -> tuple[Candidates, str]:
    return [s for s in left if (t := _tilt(s)) is not None and t <= AXIAL_DEGREES], "axial"


def _thinnest(left: Candidates, _: str) -> tuple[Candidates, str]:
    known = [(s.spacing[0], s) for s in left]
    gaps = [(gap, s) for gap, s in known if gap is not None and gap > 0]
    if not gaps:
        return [], "thinnest"
    least = min(gap for gap, _ in gaps)
    return [s for gap, s in gaps if gap <= least * (1 + SAME)], f"thinnest ({least:.4g} mm)"


def _longest(left: Candidates, _: str) -> tuple[Candidates, str]:
    extents = [((s.spacing[0] or 0.0) * (len(s.slices) - 1), s) for s in left]
    most = max((e for e, _ in extents), default=0.0)
    kept = [s for extent, s in extents if extent > 0 and extent >= most * (1 - SAME)]
    return kept, f"longest ({most:.4g} mm)"


def _kernel(left: Candidates, pattern: str) -> tuple[Candidates, str]:
    for name in pattern.split("|"):
        kept = [s for s in left if fnmatchcase(s.kernel.lower(), name.lower())]
        if kept:
            return kept, f"kernel {name}"
    return [], f"kernel {pattern}"


_KEEP = {"axial": _axial, "thinnest": _thinnest, "longest": _longest, "kernel": _kernel}


def _tilt(s: Series) -> float | None:
    """Angle in degrees between the slices and the axial plane."""
    cosines = s.slices[0].cosines
    if cosines is None:
        return None
    normal = np.cross(cosines[:3], cosines[3:])
    length = float(np.linalg.norm(normal))
    return float(np.degrees(np.arccos(min(1.0, abs(normal[2]) / length)))) if length > 0 else None
