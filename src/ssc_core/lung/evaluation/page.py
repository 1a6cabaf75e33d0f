"""All tables and figures of an evaluation in one folder and on one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure as Drawing

from ssc_core.agree.engine import Agreement, only_patients
from ssc_core.agree.reading import Readings
from ssc_core.io.output import RECORD
from ssc_core.io.tables import write_table
from ssc_core.lung.evaluation.derived import Derived
from ssc_core.lung.evaluation.readings import Human
from ssc_core.lung.evaluation.tables import ablation_table, cascade_table, prevalence_table, readers_table
from ssc_core.lung.reading.likert import agreement_with_maps, kappa_between_readers, shares
from ssc_core.plots.goh_evaluation import bland_altman_row, derived_row, label_distribution, networks_figure
from ssc_core.plots.likert import pies
from ssc_core.plots.style import save_figure
from ssc_core.report import Figure, Note, Page, Section, Table
from ssc_core.results import record_run

__all__ = ["Evaluation", "save_evaluation"]


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation is made from; what is absent is left out of the page.

    Parameters
    ----------
    human : Human
        Consensus and readers.
    networks : mapping of str to Readings
        Predictions by name; the first is the network that the others are tested against.
    switches : mapping
        Name to {"DS", "BS", "PT"} for an ablation.
    cascade : Readings or None
        The same network on automatically found slices.
    subset : frozenset of str or None
        Patients of the reader study.
    sizes : DataFrame or None
        Table 3 and figure 3: name, parameters_m, gflops and whatever else describes a network.
    derived : Derived or None
        Scores derived from heat maps.
    ratings : mapping of str to DataFrame
        Readers' ratings of heat maps.
    """

    human: Human
    networks: Mapping[str, Readings]
    switches: Mapping[str, Mapping[str, bool]] | None = None
    cascade: Readings | None = None
    subset: frozenset[str] | None = None
    sizes: pd.DataFrame | None = None
    derived: Derived | None = None
    ratings: Mapping[str, pd.DataFrame] = field(default_factory=dict)


def save_evaluation(given: Evaluation, folder: Path, inputs: Mapping[str, str]) -> Page:
    """Write every table (CSV, parquet), every figure (PNG, SVG), ``index.html`` and ``run.json``.

    Parameters
    ----------
    given : Evaluation
        Readings and predictions.
    folder : Path
        Existing folder, as ``staged`` yields it.
    inputs : mapping of str to str
        Role to digest.

    Returns
    -------
    Page
    """
    truth = given.human.consensus
    sections = [_labels(truth, folder)]
    if given.sizes is not None:
        sections.append(_sizes(given.sizes, folder))
    if given.networks:
        sections.append(_networks(given, truth, folder))
    network = next(iter(given.networks.values()), None)
    if given.cascade is not None and network is not None:
        table = cascade_table(given.cascade, network, truth)
        write_table(folder, "table-5-cascade", table)
        sections.append(Section("Whole framework against the network on the readers' slices (table 5)", [
            Table(table, "Absolute errors in percent points; p of the paired tests.", _decimals(table)),
        ]))  # fmt: skip
    if given.human.readers:
        sections.append(_readers(given, folder))
    if given.derived is not None:
        sections.append(_derived(given.derived, folder))
    if given.ratings:
        sections.append(_ratings(given.ratings, folder))
    said = [w for r in [*given.networks.values(), given.cascade] if r is not None for w in _said(r)]
    record = record_run("lung evaluate", {"networks": list(given.networks)}, inputs, warnings=tuple(said))
    (folder / RECORD).write_text(record.to_json(), encoding="utf-8")
    notes = [Note(w, "warning") for w in said]
    page = Page(
        "Goh scores against the consensus",
        f"{len(truth.table)} scored slices of {truth.table['patient'].nunique()} patients. Scores are "
        "rounded to the nearest 5 % for kappa only. Not for clinical use.",
        [Section("Notes", notes), *sections] if notes else sections,
        {"evaluation": record},
    )
    page.write(folder / "index.html")
    return page


def _labels(truth: Readings, folder: Path) -> Section:
    table = prevalence_table(truth)
    write_table(folder, "prevalence", table)
    fig = label_distribution(truth.table)
    _draw(fig, folder, "figure-a1-labels")
    return Section("The labels (figure A1)", [
        Note("Read every mean absolute error beside this: where most scores are zero, predicting zero "
             "everywhere already has a small one."),
        Table(table, "How common zero is, and what constant predictions reach.", _decimals(table)),
        Figure(fig, "Distribution of the reference scores."),
    ])  # fmt: skip


def _sizes(sizes: pd.DataFrame, folder: Path) -> Section:
    write_table(folder, "table-3-networks", sizes)
    return Section("The networks (table 3)", [Table(sizes, decimals=_decimals(sizes))])


def _networks(given: Evaluation, truth: Readings, folder: Path) -> Section:
    table = ablation_table(given.networks, truth, given.switches)
    name = "table-4-ablation" if given.switches else "networks"
    write_table(folder, name, table)
    blocks: list[Table | Figure] = [
        Table(table, "MAE (percent points), linear kappa and ICC(A,1) with 95 % intervals.", _decimals(table))
    ]
    if given.sizes is not None and len(given.networks) > 1:
        first = next(iter(given.networks))
        fig = networks_figure(_with_p(given, truth, table), first)
        _draw(fig, folder, "figure-3-networks")
        blocks.append(Figure(fig, f"Figure 3: MAE against size; p of Wilcoxon's test against {first}."))
    return Section("Networks against the reference (table 4)", blocks)


def _with_p(given: Evaluation, truth: Readings, table: pd.DataFrame) -> pd.DataFrame:
    """The networks with size, and p of their errors against the first one's."""
    assert given.sizes is not None
    first = next(iter(given.networks))
    _, result = readers_table(
        [r for n, r in given.networks.items() if n != first], given.networks[first], truth
    )
    errors = result.errors[result.errors["value"] == "tot"].set_index("reader_1")["p_wilcoxon"]
    sized = table.merge(given.sizes, left_on="arm", right_on="name", how="left")
    return sized.assign(p=sized["arm"].map(errors))


def _readers(given: Evaluation, folder: Path) -> Section:
    network = given.cascade or next(iter(given.networks.values()), None)
    everybody = [given.human.consensus, *given.human.readers, *([network] if network else [])]
    if given.subset is not None:
        everybody = [only_patients(r, given.subset) for r in everybody]
    truth, *rest = everybody
    readers, network = (rest[:-1], rest[-1]) if network else (rest, None)
    table, result = readers_table(readers, network, truth)
    write_table(folder, "table-6-readers", table)
    write_table(folder, "reading-times", given.human.seconds)
    blocks: list[Note | Table | Figure] = [
        Table(table, "p tests a reader's absolute errors against the network's.", _decimals(table)),
        Table(given.human.seconds, "Time that readers took.", _decimals(given.human.seconds)),
    ]
    for number, fig in enumerate(_bland_altman(result), 1):
        _draw(fig, folder, f"figure-a3-bland-altman-{number}")
        blocks.append(Figure(fig, "Figure A3: difference from the reference against the mean of both."))
    return Section("Readers and the network against the consensus (table 6)", blocks)


def _bland_altman(result: Agreement) -> list[Drawing]:
    pairs = [p for p in result.pairings if p.relation == "against the reference"]
    return [
        bland_altman_row(
            [
                c
                for c in result.comparisons
                if (c.first, c.second, c.relation) == (p.first, p.second, p.relation)
            ]
        )
        for p in pairs
    ]


def _derived(derived: Derived, folder: Path) -> Section:
    table = derived.summary()
    write_table(folder, "derived-scores", table)
    fig = derived_row(derived.table, derived.lines())
    _draw(fig, folder, "figure-7-derived")
    return Section("Heat maps: derived scores against the network's (figure 7)", [
        Table(table, decimals=_decimals(table)), Figure(fig, "Area of the thresholded map over lung area."),
    ])  # fmt: skip


def _ratings(ratings: Mapping[str, pd.DataFrame], folder: Path) -> Section:
    agreed, part, kappa = agreement_with_maps(ratings), shares(ratings), kappa_between_readers(ratings)
    for name, table in (("ratings-agreement", agreed), ("ratings-shares", part), ("ratings-kappa", kappa)):
        write_table(folder, name, table)
    fig = pies(part)
    _draw(fig, folder, "figure-7-ratings")
    blocks: list[Table | Figure] = [
        Figure(fig, "Figure 7: how far readers agree with the heat maps."),
        Table(agreed, "Rated 4 or 5: each reader, their mean, all on the same slice.", _decimals(agreed)),
    ]
    if len(kappa):
        blocks.append(Table(kappa, "Linear kappa between readers.", _decimals(kappa)))
    return Section("Heat maps: readers' ratings (figure 7)", blocks)


def _said(readings: Readings) -> Sequence[str]:
    return [f"{readings.label}: {w}" for w in readings.warnings]


def _draw(fig: Drawing, folder: Path, name: str) -> None:
    for ending in ("png", "svg"):
        save_figure(fig, folder / f"{name}.{ending}")


def _decimals(table: pd.DataFrame) -> dict[str, int]:
    """Two digits for scores, three for p."""
    floats = [str(c) for c in table.columns if pd.api.types.is_float_dtype(table[c])]
    return {c: 3 if "_p_" in f"_{c}_" else 2 for c in floats}
