"""From readings to an :class:`Agreement`: every pair, every value, every group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

import pandas as pd

from ssc_core.agree.compare import Comparison, comparisons
from ssc_core.agree.errors_of_readers import compare_errors
from ssc_core.agree.kinds import Kind, kind_named
from ssc_core.agree.pairing import Pairing, match
from ssc_core.agree.params import AgreeParams
from ssc_core.agree.reading import Readings
from ssc_core.errors import EmptyError, InputError
from ssc_core.progress import Tick, silent, track

__all__ = ["Agreement", "agree", "agree_readers", "only_patients"]

_DEFAULT = AgreeParams()


@dataclass(frozen=True)
class Agreement:
    """Everything that the tables and figures are made from.

    Parameters
    ----------
    kind : Kind
        What was read.
    params : AgreeParams
        How it was compared.
    pairings : tuple of Pairing
        Matched readings.
    comparisons : tuple of Comparison
        One per pair, value and group.
    errors : DataFrame
        Tests of readers' absolute errors against the reference; empty without one.
    warnings : tuple of str
        What the user should know.
    against : str
        Reader with whom the others' errors are compared, "" for none.
    """

    kind: Kind
    params: AgreeParams
    pairings: tuple[Pairing, ...]
    comparisons: tuple[Comparison, ...]
    errors: pd.DataFrame = field(default_factory=pd.DataFrame)
    warnings: tuple[str, ...] = ()
    against: str = ""


def agree(
    first: Readings, second: Readings, params: AgreeParams = _DEFAULT, *, tick: Tick = silent
) -> Agreement:
    """Compare two readings; differences are second minus first, so let the first be the reference.

    Parameters
    ----------
    first, second : Readings
        Two raters, or a rater and a program.
    params : AgreeParams, optional
        What is compared and how.
    tick : Tick, optional
        Progress.

    Returns
    -------
    Agreement
        With one pairing.

    Raises
    ------
    InputError
        If the readings cannot be paired, or ``by`` names no column.
    """
    kind = kind_named(params.kind)
    return _agreement([match(first, second, kind)], kind, params, (first, second), tick)


def agree_readers(
    readings: Sequence[Readings],
    params: AgreeParams = _DEFAULT,
    *,
    reference: Readings | None = None,
    against: str = "",
    tick: Tick = silent,
) -> Agreement:
    """Compare several readers, each perhaps in several sessions.

    Two readers are paired within a session (inter-observer), one reader's sessions with each other
    (intra-observer), and everybody with the reference, whose errors are then tested against one another.

    Parameters
    ----------
    readings : sequence of Readings
        One per rater and session.
    params : AgreeParams, optional
        What is compared and how.
    reference : Readings, optional
        Consensus or truth.
    against : str, optional
        Label of the reader with whom the errors of all others are compared (as the network in table 6
        of 2024); without it all pairs are.
    tick : Tick, optional
        Progress.

    Returns
    -------
    Agreement
        Pairings in the order inter-observer, intra-observer, against the reference.

    Raises
    ------
    InputError
        If fewer than two readings are given, two have the same name, or they cannot be paired.
    """
    kind = kind_named(params.kind)
    everybody = [*readings, *([reference] if reference else [])]
    if len(everybody) < 2:
        raise InputError("one reading: give at least two, or one and a reference")
    labels = [r.label for r in everybody]
    twice = sorted({name for name in labels if labels.count(name) > 1})
    if twice:
        raise InputError(
            f"several readings are called {', '.join(twice)}; tell them apart by a column rater or session,"
            " or by --names"
        )
    if against and against not in [r.label for r in readings]:
        raise InputError(f"--against {against} is none of {', '.join(r.label for r in readings)}")
    inter, intra = [], []
    for one, two in combinations(readings, 2):
        if one.rater == two.rater:
            intra.append(match(one, two, kind, "intra-observer"))
        elif one.session == two.session:
            inter.append(match(one, two, kind, "inter-observer"))
    truth = [match(reference, r, kind, "against the reference") for r in readings] if reference else []
    pairings = [*inter, *intra, *truth]
    if not pairings:
        raise InputError("no two readings share a rater or a session; compare two files with 'ssc agree A B'")
    result = _agreement(pairings, kind, params, everybody, tick)
    if len(truth) < 2:
        return result
    return replace(result, errors=compare_errors(truth, params, against or None), against=against)


def only_patients(readings: Readings, patients: frozenset[str]) -> Readings:
    """The readings of some patients.

    Raises
    ------
    EmptyError
        If none of them was read.
    """
    table = readings.table[readings.table["patient"].isin(patients)].reset_index(drop=True)
    if table.empty:
        raise EmptyError(f"none of the chosen patients was read by {readings.label}")
    unread = len(patients) - table["patient"].nunique()
    said = (
        (f"{unread} of {len(patients)} chosen patients were not read by {readings.label}",) if unread else ()
    )
    return replace(readings, table=table, warnings=readings.warnings + said)


def _agreement(
    pairings: list[Pairing], kind: Kind, params: AgreeParams, readings: Sequence[Readings], tick: Tick
) -> Agreement:
    columns = [c for c in pairings[0].table.columns if not c.endswith(("_1", "_2"))]
    if params.by is not None and params.by not in columns:
        raise InputError(
            f"--by {params.by}: the readings have no such column; give one of {', '.join(columns)}"
        )
    if params.by == "patient":
        raise InputError("--by patient: a patient alone is no sample; give another column")
    done = [
        c for pairing in track(pairings, tick, "pairs of readers") for c in comparisons(pairing, kind, params)
    ]
    said = [f"{r.label}: {w}" for r in readings for w in r.warnings]
    said += [w for pairing in pairings for w in pairing.warnings]
    missing = max((c.stats["mae"].n_missing for c in done), default=0)
    if missing:
        said.append(f"up to {missing} paired readings miss a value and were left out; see n_missing")
    return Agreement(kind, params, tuple(pairings), tuple(done), warnings=tuple(dict.fromkeys(said)))
