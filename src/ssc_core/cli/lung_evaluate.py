"""``ssc lung evaluate``: networks and readers against the consensus."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ssc_core.cli.running import Out
from ssc_core.errors import InputError

__all__ = ["evaluate"]

Many = Annotated[list[Path] | None, Parameter(consume_multiple=True, negative="")]


def evaluate(
    scores: Path,
    /,
    *,
    out: Out,
    predictions: Many = None,
    names: Annotated[list[str] | None, Parameter(consume_multiple=True, negative="")] = None,
    cascade: Path | None = None,
    subset: Path | None = None,
    networks: Path | None = None,
    derived: Path | None = None,
    ratings: Many = None,
) -> None:
    """Make the papers' tables and figures from readers' scores and predictions, on one page.

    Tables 3 to 6 and figures 3, 7, A1 and A3 of the 2024 paper, each if what it needs is given. The slices of
    figures 6 and A4 and the thresholds of A5 are written by 'ssc lung heatmap'; the levels of figure 5 by
    'ssc lung evaluate-levels'.

    Parameters
    ----------
    scores
        Human scores: scores.csv of 'ssc lung read', with the consensus.
    predictions
        CSV of one or more networks (case_id, level, tot, gg, ret); the first is tested against.
    names
        Names of the networks, in the order of their files.
    cascade
        Predictions of the first network on automatically found slices.
    subset
        CSV of the patients of the reader study.
    networks
        CSV that describes the networks: name, parameters_m, gflops; further columns are kept.
    derived
        CSV of scores derived from heat maps: case_id, tot, gg, ret, tot_derived, gg_derived, ret_derived.
    ratings
        ratings-READER.json of each reader.
    """
    from ssc_core.agree.reading import read_patients
    from ssc_core.io.digest import file_digest
    from ssc_core.io.output import staged
    from ssc_core.io.tables import read_table
    from ssc_core.lung.evaluation.derived import read_derived
    from ssc_core.lung.evaluation.page import Evaluation, save_evaluation
    from ssc_core.lung.evaluation.readings import human_scores, predicted_scores
    from ssc_core.lung.reading.rating import read_ratings

    files = predictions or []
    called = names or [f"network {i + 1}" if len(files) > 1 else "network" for i in range(len(files))]
    if len(called) != len(files) or len(set(called)) < len(called):
        raise InputError(f"--names needs {len(files)} different names, one for each file of predictions")
    if cascade is not None and not files:
        raise InputError("--cascade is compared with --predictions; give both")
    human = human_scores(scores)
    given = Evaluation(
        human=human,
        networks={n: predicted_scores(f, n, human.patients) for n, f in zip(called, files, strict=True)},
        cascade=None
        if cascade is None
        else predicted_scores(cascade, f"cascade ({called[0]})", human.patients),
        subset=None if subset is None else read_patients(subset),
        sizes=None if networks is None else _described(read_table(networks), networks),
        derived=None if derived is None else read_derived(derived),
        ratings={r.stem.removeprefix("ratings-"): read_ratings(r) for r in ratings or []},
    )
    roles = {"scores": scores, "cascade": cascade, "subset": subset, "networks": networks, "derived": derived}
    inputs = {name: file_digest(f) for name, f in roles.items() if f is not None}
    inputs |= {f"predictions {i + 1}": file_digest(f) for i, f in enumerate(files)}
    inputs |= {f"ratings {i + 1}": file_digest(f) for i, f in enumerate(ratings or [])}
    with staged(out) as folder:
        page = save_evaluation(given, folder, inputs)
    for section in page.sections:
        print(section.title)
    print(f"Result: {out / 'index.html'}")


def _described(table, source: Path):  # type: ignore[no-untyped-def]
    absent = [c for c in ("name", "parameters_m", "gflops") if c not in table]
    if absent:
        raise InputError(f"the table of networks has no column {', '.join(absent)}", source=source)
    return table
