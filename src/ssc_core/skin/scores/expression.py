"""Gene expression beside the score: 4S and single genes, from the user's own tables.

Correia et al. 2020, "Association with gene expression": probes quantile-normalised, a gene is the mean of its
probes, 4S is the mean of over-expressed minus the mean of under-expressed genes, scaled to mean 0 and SD 1
over the biopsies. The lists of genes come from the user (Lofgren et al. 2016); none is shipped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from ssc_core.errors import InputError
from ssc_core.io.tables import read_table
from ssc_core.stats import Correlation, pearson, spearman

__all__ = [
    "Expression",
    "four_s",
    "gene_correlations",
    "quantile_normalised",
    "read_expression",
    "read_gene_list",
]

GENES = ("COMP", "THBS1", "IFI44", "SIGLEC1")
"""The four-gene biomarker that the paper looked at."""

_ARRAY = 1000
"""Fewer probes are a choice of genes and no whole array: their distribution carries the signal itself."""

_UP, _DOWN = {"up", "over", "+", "1"}, {"down", "under", "-", "-1"}


@dataclass(frozen=True, eq=False)
class Expression:
    """Probe intensities of biopsies.

    Parameters
    ----------
    values : DataFrame
        Rows probes, columns ``biopsy_id``; quantile-normalised if the table is a whole array.
    gene : Series of str
        Gene of each probe.
    note : str
        What was done to the table.
    """

    values: pd.DataFrame
    gene: pd.Series[str]
    note: str = ""

    def of_probe(self, name: str) -> pd.Series[float]:
        """Intensities of one probe, by biopsy."""
        return pd.Series(self.values.to_numpy(float)[self.values.index == name][0], index=self.values.columns)

    def of_gene(self, name: str) -> pd.DataFrame:
        """The probes of a gene (letter case does not matter)."""
        return self.values[(self.gene.str.upper() == name.upper()).to_numpy()]


def read_expression(path: str | Path) -> Expression:
    """Read a table with columns ``probe``, ``gene`` and one per biopsy.

    Tables of 1000 probes and more are quantile-normalised. In smaller ones a shift of a few genes would be
    taken for one of the whole array and vanish, so that they are taken as they are.

    Raises
    ------
    InputError
        If a column is absent, a probe stands twice, or a value is missing or no number.
    """
    table = read_table(path)
    absent = [c for c in ("probe", "gene") if c not in table.columns]
    if absent:
        raise InputError(
            f"the expression table has no column {', '.join(absent)}; give probe, gene and one per biopsy",
            source=path,
        )
    if table["probe"].duplicated().any():
        raise InputError("a probe stands in several rows of the expression table", source=path)
    values = table.drop(columns=["probe", "gene"]).apply(pd.to_numeric, errors="coerce")
    if not values.shape[1] or values.isna().any(axis=None) or np.isinf(values.to_numpy(float)).any():
        raise InputError("the expression table has a missing value or one that is no number", source=path)
    values.index = pd.Index(table["probe"].astype(str))
    gene = pd.Series(table["gene"].fillna("").astype(str).to_numpy(), index=values.index)
    if len(values) < _ARRAY:
        note = f"{len(values)} probes are no whole array: taken as they are, not quantile-normalised"
        return Expression(values, gene, note)
    return Expression(quantile_normalised(values), gene, f"{len(values)} probes, quantile-normalised")


def read_gene_list(path: str | Path) -> tuple[list[str], list[str]]:
    """Over- and under-expressed genes of a signature: a table with columns ``gene`` and ``direction``.

    Raises
    ------
    InputError
        If a column is absent or a direction is neither up nor down.
    """
    table = read_table(path)
    if not {"gene", "direction"} <= set(table.columns):
        raise InputError("the gene list needs the columns gene and direction (up or down)", source=path)
    way = table["direction"].astype(str).str.strip().str.lower()
    odd = sorted(set(way) - _UP - _DOWN)
    if odd:
        raise InputError(f"direction {', '.join(odd[:3])} is neither up nor down", source=path, private=odd)
    gene = table["gene"].astype(str).str.strip()
    return list(gene[way.isin(_UP)]), list(gene[way.isin(_DOWN)])


def quantile_normalised(values: pd.DataFrame) -> pd.DataFrame:
    """Every column with the same distribution: the mean of the sorted columns; ties share their mean.

    Bolstad et al. 2003.
    """
    array = values.to_numpy(np.float64)
    reference = np.sort(array, axis=0).mean(axis=1)
    out = np.empty_like(array)
    for j in range(array.shape[1]):
        rank = np.argsort(np.argsort(array[:, j], kind="stable"), kind="stable")
        column = reference[rank]
        same = np.unique(array[:, j], return_inverse=True)[1]
        out[:, j] = (np.bincount(same, weights=column) / np.bincount(same))[same]
    return pd.DataFrame(out, index=values.index, columns=values.columns)


def four_s(expression: Expression, up: Sequence[str], down: Sequence[str]) -> tuple[pd.Series[float], str]:
    """4S of each biopsy (mean 0, SD 1 over them), and a sentence on the genes that were not found.

    Raises
    ------
    InputError
        If no gene of either list is in the table, or fewer than two biopsies are.
    """
    by_gene = expression.values.groupby(expression.gene.str.upper().to_numpy()).mean()
    parts: list[npt.NDArray[np.float64]] = []
    lost = []
    for genes in (up, down):
        wanted = [g.upper() for g in genes]
        found = [g for g in wanted if g in by_gene.index]
        lost += [g for g in wanted if g not in by_gene.index]
        if genes and not found:
            raise InputError("no gene of the signature is in the expression table")
        parts.append(by_gene.loc[found].mean(axis=0).to_numpy(float) if found else np.zeros(by_gene.shape[1]))
    raw = parts[0] - parts[1]
    if len(raw) < 2 or np.std(raw, ddof=1) == 0:
        raise InputError("4S needs at least two biopsies that differ")
    scaled = (raw - raw.mean()) / np.std(raw, ddof=1)
    total = len(up) + len(down)
    said = f"{total - len(lost)} of {total} genes found" + (
        f"; not found: {', '.join(lost[:20])}" if lost else ""
    )
    return pd.Series(scaled, index=by_gene.columns, name="4S"), said


def gene_correlations(
    scores: pd.DataFrame, score: str, expression: Expression, genes: Sequence[str] = GENES
) -> list[tuple[str, Correlation, Correlation]]:
    """Pearson and Spearman of a score with each probe of each gene, and with the mean of a gene's probes.

    Parameters
    ----------
    scores : DataFrame
        ``biopsy_id``, ``patient_id``, the score: out of fold for training biopsies, of the averaged model for
        test biopsies.
    score : str
        Column.
    expression : Expression
        Biopsies without expression are left out.
    genes : sequence of str, optional
        Which.

    Returns
    -------
    list of (name, pearson, spearman)
        "GENE probe" and "GENE (mean of k probes)"; a gene without probe gives NaN with that note.
    """
    here = scores[scores["biopsy_id"].isin(expression.values.columns)]
    found = []
    for gene in genes:
        probes = expression.of_gene(gene)
        if probes.empty:
            none = Correlation(name="Pearson r", value=float("nan"), note=f"{gene} has no probe in the table")
            found.append((gene, none, none))
            continue
        lines = [(f"{gene} {probe}", row) for probe, row in probes.iterrows()]
        if len(probes) > 1:
            lines.append((f"{gene} (mean of {len(probes)} probes)", probes.mean(axis=0)))
        for name, row in lines:
            level = here["biopsy_id"].map(row)
            ways = (way(here[score], level, subject=here["patient_id"]) for way in (pearson, spearman))
            found.append((name, next(ways), next(ways)))
    return found
