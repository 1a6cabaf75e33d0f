"""Which columns a reading has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ssc_core.agree.params import KindName
from ssc_core.errors import InputError

__all__ = ["ALIASES", "KEYS", "KINDS", "Kind", "kind_named"]

KEYS = ("visit", "finger", "image", "lesion", "level")
"""Columns that, where present, name a reading beside its patient."""

ALIASES: Mapping[str, str] = {
    "patient_id": "patient",
    "patid": "patient",
    "pat_id": "patient",
    "subject": "patient",
    "case": "patient",
    "case_id": "patient",
    "reader": "rater",
    "observer": "rater",
    "disext": "tot",
    "retp": "ret",
    "rept": "ret",
    "area": "area_mm2",
    "z": "z_mm",
    "pos": "z_mm",
}
"""Other names of columns, all in small letters."""


@dataclass(frozen=True)
class Kind:
    """What one kind of reading measures.

    Parameters
    ----------
    name : str
        As given to ``--kind``.
    values : mapping of str to str
        Value column -> how people call it.
    units : mapping of str to str
        Value column -> unit.
    low, high : float
        Range that a value can have.
    classes : tuple of float
        Fixed categories for kappa; empty where kappa makes no sense.
    needs : tuple of str
        Key columns without which readings cannot be told apart.
    """

    name: str
    values: Mapping[str, str]
    units: Mapping[str, str]
    low: float = float("-inf")
    high: float = float("inf")
    classes: tuple[float, ...] = ()
    needs: tuple[str, ...] = field(default=())


KINDS: Mapping[KindName, Kind] = {
    "goh": Kind(
        "goh",
        {"tot": "TOT", "gg": "GG", "ret": "RET"},
        dict.fromkeys(("tot", "gg", "ret"), "%"),
        low=0,
        high=100,
        classes=tuple(float(c) for c in range(0, 101, 5)),
        needs=("level",),
    ),
    "area": Kind("area", {"area_mm2": "area"}, {"area_mm2": "mm²"}, low=0),
    "score": Kind("score", {"score": "score"}, {"score": ""}),
    "position": Kind(
        "position",
        {"z_mm": "position", "slice": "slice"},
        {"z_mm": "mm", "slice": "slices"},
        needs=("level",),
    ),
}


def kind_named(name: str) -> Kind:
    """The kind of that name.

    Raises
    ------
    InputError
        If there is none.
    """
    for key, kind in KINDS.items():
        if key == name:
            return kind
    raise InputError(f"unknown kind {name!r}; give one of {', '.join(KINDS)}")
