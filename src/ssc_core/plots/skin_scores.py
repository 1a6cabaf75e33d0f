"""Figures 2 to 4 and Supplementary Figure 1 of Correia et al. 2020, drawn from results alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ssc_core.plots.style import MARKERS, NAMED, figure
from ssc_core.stats import Roc, Statistic

__all__ = [
    "boxes", "changes", "curve", "heat_map", "histograms", "lambda_path", "patch_montage", "rocs", "scatter",
]  # fmt: skip

Floats = npt.NDArray[np.float64]

_MOST = (1200, 900)  # cells of a heat map that are drawn
_NAMED_ROWS = 30
_SETS = {"training": ("s", "none"), "test": ("o", "full")}


def heat_map(
    x: npt.NDArray[np.float32],
    mean: Floats,
    sd: Floats,
    scores: Floats,
    loadings: Floats,
    names: Sequence[str] = (),
) -> Figure:
    """Figure 2A: standardised features (rows) of patches (columns), both sorted by the first component.

    Parameters
    ----------
    x : (n_patches, n_features) float32 array
    mean, sd : (n_features,) float arrays
    scores : (n_patches,) float array
        Image Patch Scores, which sort the columns.
    loadings : (n_features,) float array
        Which sort the rows.
    names : sequence of str, optional
        Of the features; written beside the rows where there are few.

    Notes
    -----
    Neighbours are averaged where there are more cells than the figure can show.
    """
    columns, rows = np.argsort(scores, kind="stable"), np.argsort(-loadings, kind="stable")
    groups = np.array_split(columns, min(len(columns), _MOST[0]))
    picture = np.stack([((x[g].mean(axis=0, dtype=np.float64) - mean) / sd)[rows] for g in groups], axis=1)
    parts = np.array_split(np.arange(len(rows)), min(len(rows), _MOST[1]))
    picture = np.stack([picture[p].mean(axis=0) for p in parts])
    limit = max(float(np.quantile(abs(picture), 0.98)), 1e-6)
    fig = figure(7.0, 4.6)
    axes = fig.add_subplot()
    extent = (0, len(columns), len(rows), 0)
    shown = axes.imshow(picture, aspect="auto", cmap="RdBu_r", vmin=-limit, vmax=limit, extent=extent)
    axes.set(
        xlabel=f"{len(columns)} patches, by Image Patch Score", ylabel=f"{len(rows)} features, by loading"
    )
    if names and len(rows) <= _NAMED_ROWS:
        axes.set_yticks(np.arange(len(rows)) + 0.5, [names[k].replace("_", " ") for k in rows], fontsize=7)
        axes.set_ylabel("")
    fig.colorbar(shown, ax=axes, label="feature (SD from the mean)", shrink=0.85)
    return fig


def histograms(scores: Mapping[str, Floats], *, label: str = "Image Patch Score (AU)") -> Figure:
    """Figure 2B: patch scores of chosen biopsies; the dotted line is their mean, the Biopsy Score.

    Parameters
    ----------
    scores : mapping of str to (n,) float array
        What to call each biopsy, and its patch scores.
    label : str, optional
        Of the score.
    """
    fig = figure(5.2, 3.4)
    axes = fig.add_subplot()
    both = np.concatenate(list(scores.values()))
    bins = np.linspace(both.min(), both.max() if np.ptp(both) else both.min() + 1, 31)
    colours = [NAMED[c] for c in ("orange", "blue", "green", "purple")]
    for i, (name, values) in enumerate(scores.items()):
        colour = colours[i % len(colours)]
        axes.hist(
            values,
            bins.tolist(),
            color=colour,
            alpha=0.55,
            label=name,
            edgecolor=colour,
            histtype="stepfilled",
        )
        axes.axvline(float(values.mean()), color=colour, ls=":", lw=2)
    axes.set(xlabel=label, ylabel="patches")
    _open(axes)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False, fontsize="small", title="dotted: mean (Biopsy Score)", title_fontsize="small",
                loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)  # fmt: skip
    return fig


def scatter(
    x: Floats,
    y: Floats,
    *,
    labels: tuple[str, str],
    groups: Sequence[str] = (),
    said: Mapping[str, Statistic] | None = None,
    interval: tuple[Floats, Floats] | None = None,
) -> Figure:
    """Figures 2C, 4A, 4B and Supplementary Figure 1: a score against something else.

    Parameters
    ----------
    x, y : (n,) float arrays
    labels : (str, str)
        Of the axes, with units.
    groups : sequence of str, optional
        Set of each point; "training" is drawn as open squares and "test" as dots, as in the paper.
    said : mapping of str to Statistic, optional
        Printed above the plot, each after its label ("" for none).
    interval : (low, high), optional
        Interval of y, drawn as bars.
    """
    fig = figure(4.8, 4.0)
    axes = fig.add_subplot()
    known = ~(np.isnan(x) | np.isnan(y))
    names = np.asarray(groups or [""] * len(x), dtype=str)
    for i, name in enumerate(dict.fromkeys(names[known].tolist())):
        rows = known & (names == name)
        marker, fill = _SETS.get(name, (MARKERS[i % len(MARKERS)], "full"))
        colour = NAMED["blue"] if name != "test" else NAMED["red"]
        if interval is not None:
            ends = np.abs(np.stack([y - interval[0], interval[1] - y]))[:, rows]
            axes.errorbar(x[rows], y[rows], ends, fmt="none", ecolor=colour, alpha=0.25, lw=0.7)
        axes.scatter(x[rows], y[rows], s=26, marker=marker, facecolor="none" if fill == "none" else colour,
                     edgecolor=colour, lw=0.9, alpha=0.85, label=_said(name, int(rows.sum())))  # fmt: skip
    axes.set(xlabel=labels[0], ylabel=labels[1])
    _open(axes)
    if any(names):
        axes.legend(frameon=False, fontsize="small")
    if said:
        lines = (f"{label}: {_short(s)}" if label else _short(s) for label, s in said.items())
        axes.set_title("\n".join(lines), fontsize="small", loc="left")
    return fig


def boxes(scores: pd.DataFrame, column: str, *, wrong: Mapping[str, Statistic]) -> Figure:
    """Figure 3A: Diagnostic Scores of patients and controls, out of fold and in the test set.

    Parameters
    ----------
    scores : DataFrame
        ``set``, ``status``, the score.
    column : str
        The score.
    wrong : mapping of str to Statistic
        Misclassification at 0.5 by set.
    """
    sets = [s for s in ("training", "test") if (scores["set"] == s).any()]
    fig = figure(2.9 * max(len(sets), 1) + 0.6, 3.8)
    panels = np.atleast_1d(fig.subplots(1, max(len(sets), 1), sharey=True))
    rng = np.random.default_rng(0)  # scatters points sideways, nothing else
    for axes, name in zip(panels, sets, strict=False):
        part = scores[scores["set"] == name]
        for at, (status, colour) in enumerate((("control", NAMED["green"]), ("SSc", NAMED["purple"]))):
            values = part.loc[part["status"] == status, column].to_numpy(float)
            if not len(values):
                continue
            axes.boxplot(values, positions=[at], widths=0.5, showfliers=False,
                         medianprops={"color": "black"}, boxprops={"color": "0.3"})  # fmt: skip
            axes.scatter(
                at + rng.uniform(-0.17, 0.17, len(values)), values, s=14, color=colour, alpha=0.7, lw=0
            )
        axes.axhline(0.5, color="0.5", lw=0.8, ls=(0, (4, 3)))
        counts = part["status"].value_counts()
        axes.set_xticks(
            [0, 1], [f"control\nn = {counts.get('control', 0)}", f"SSc\nn = {counts.get('SSc', 0)}"]
        )
        axes.set_xlim(-0.6, 1.6)
        _open(axes)
        title = "cross-validation" if name == "training" else "test"
        lost = wrong.get(name)
        if lost is not None and not math.isnan(lost.value):
            title += f"\nwrong at 0.5: {100 * lost.value:.1f} %"
        axes.set_title(title, fontsize="small")
    panels[0].set(ylabel="Diagnostic Score (probability of SSc)", ylim=(-0.03, 1.03))
    return fig


def rocs(curves: Mapping[str, Roc]) -> Figure:
    """Figure 3B: ROC curves, by where the scores come from."""
    fig = figure(4.4, 4.2)
    axes = fig.add_subplot()
    axes.plot([0, 1], [0, 1], color="0.75", lw=0.8)
    styles = ("-", (0, (5, 2)), (0, (1, 1.5)))
    for i, (name, found) in enumerate(curves.items()):
        interval = "" if math.isnan(found.low) else f" ({found.low:.2f}-{found.high:.2f})"
        axes.plot(found.false_positive_rate, found.true_positive_rate, ls=styles[i % 3], lw=1.8,
                  color=[NAMED[c] for c in ("blue", "orange", "red")][i % 3],
                  label=f"{name.split(' (')[0]}: AUC {found.value:.2f}{interval}")  # fmt: skip
    axes.set(xlabel="false positive rate", ylabel="true positive rate", xlim=(-0.02, 1.02), ylim=(-0.02,
    1.02),
             aspect="equal")  # fmt: skip
    _open(axes)
    axes.legend(frameon=False, fontsize="x-small", loc="lower right")
    return fig


def lambda_path(lambdas: Floats, criteria: Mapping[str, Floats], chosen: Mapping[str, int]) -> Figure:
    """How the criterion of each score depends on the penalty, and which was taken."""
    fig = figure(3.4 * len(criteria), 2.9)
    panels = np.atleast_1d(fig.subplots(1, len(criteria)))
    for axes, (name, values) in zip(panels, criteria.items(), strict=True):
        axes.semilogx(lambdas, values, "o-", ms=4, color=NAMED["blue"])
        axes.axvline(lambdas[chosen[name]], color=NAMED["red"], lw=1, ls=":")
        axes.set(xlabel="λ (on the mean loss)", ylabel=name)
        _open(axes)
    return fig


def curve(table: pd.DataFrame, measured: float, needed: float) -> Figure:
    """How many patches are enough: reliability of a biopsy's score against their number.

    Parameters
    ----------
    table : DataFrame
        Of :class:`ssc_core.skin.scores.precision.PatchCurve`.
    measured : float
        Patches that there were; beyond it the curve is drawn thin.
    needed : float
        Patches for a reliability of 0.95.
    """
    fig = figure(6.6, 3.1)
    left, right = fig.subplots(1, 2)
    n = table["n_patches"].to_numpy(float)
    inside = n <= measured + 0.5
    for axes, name, title in ((left, "reliability", "reliability of the score"),
                              (right, "half_width", "± of the score (95 %, AU)")):  # fmt: skip
        axes.semilogx(n, table[name], color=NAMED["blue"], lw=1, ls=":")
        axes.semilogx(
            n[inside], table[name].to_numpy(float)[inside], "o-", ms=3.5, color=NAMED["blue"], lw=1.6
        )
        axes.set(xlabel="patches per biopsy", ylabel=title)
        axes.xaxis.set_major_formatter("{x:.0f}")
        _open(axes)
    left.fill_between(n, table["low"], table["high"], color=NAMED["blue"], alpha=0.15, lw=0)
    left.axhline(0.95, color="0.6", lw=0.8, ls=(0, (4, 3)))
    patches = f"{needed:.0f} patch{'es' * (needed > 1)}"
    said = f"reliability 0.95 needs {patches}" if math.isfinite(needed) else "biopsies do not differ"
    left.set_title(said, fontsize="small", loc="left")
    left.set_ylim(min(0.9, float(table["low"].min()) - 0.02), 1.005)
    right.set_ylim(bottom=0)
    return fig


def changes(scores: pd.DataFrame, name: str, before: str) -> Figure:
    """How far a score moves under each condition; one dot per case, and the interval of each as it was.

    Parameters
    ----------
    scores : DataFrame
        ``case_id``, ``stain`` (the condition), the score and its ``_low`` and ``_high``.
    name : str
        The score's column.
    before : str
        The condition that the others are compared with.
    """
    conditions = [c for c in scores["stain"].drop_duplicates() if c != before]
    fig = figure(7.0, 0.42 * len(conditions) + 1.1)
    axes = fig.add_subplot()
    first = scores[scores["stain"] == before].set_index("case_id")
    half = float(((first[f"{name}_high"] - first[f"{name}_low"]) / 2).median())
    if math.isfinite(half):
        axes.axvspan(-half, half, color="0.9", lw=0, label="interval of a score over its patches (median)")
    axes.axvline(0, color="0.4", lw=0.8)
    rng = np.random.default_rng(0)  # scatters points sideways, nothing else
    for at, condition in enumerate(conditions):
        other = scores[scores["stain"] == condition].set_index("case_id")
        moved = (other[name] - first[name]).to_numpy(float)
        aside = at + (rng.uniform(-0.16, 0.16, len(moved)) if len(moved) > 1 else 0)
        axes.scatter(moved, np.broadcast_to(aside, moved.shape), s=16, color=NAMED["blue"], alpha=0.7, lw=0)
        axes.plot([moved.mean()] * 2, [at - 0.28, at + 0.28], color=NAMED["red"], lw=2)
    axes.set_yticks(range(len(conditions)), conditions)
    axes.invert_yaxis()
    axes.set(xlabel=f"change of {name.replace('_', ' ')} (red: mean)")
    axes.legend(frameon=False, fontsize="x-small", loc="lower right", bbox_to_anchor=(1.0, 1.0))
    return fig


def patch_montage(pictures: npt.NDArray[np.uint8], titles: Sequence[str], columns: int) -> Figure:
    """Patches nearest to chosen quantiles of the score, one row per quantile.

    Parameters
    ----------
    pictures : (m, k, k, 3) uint8 array
        Row by row.
    titles : sequence of str
        One per row.
    columns : int
        Patches of a row.
    """
    fig = figure(1.05 * columns + 1.0, 1.08 * len(titles))
    grid = fig.subplots(len(titles), columns, squeeze=False)
    for i, axes in enumerate(grid.ravel()):
        axes.set(xticks=[], yticks=[])
        for side in axes.spines.values():
            side.set_visible(False)
        if i < len(pictures):
            axes.imshow(pictures[i])
        if i % columns == 0:
            axes.set_ylabel(titles[i // columns], fontsize="x-small", rotation=0, ha="right", va="center")
    return fig


def _open(axes: Axes) -> None:
    """Without the frame's upper and right side, which carry nothing."""
    axes.spines[["top", "right"]].set_visible(False)


def _said(name: str, n: int) -> str | None:
    words = {"training": "cross-validation", "test": "test"}
    return f"{words.get(name, name)} (n = {n})" if name else None


def _short(s: Statistic) -> str:
    if math.isnan(s.value):
        return f"{s.name}: none ({s.note})"
    p = "" if math.isnan(s.p) else (f", p = {s.p:.2g}" if s.p >= 1e-4 else f", p = {s.p:.1e}")
    interval = "" if math.isnan(s.low) else f" ({s.low:.2f} to {s.high:.2f})"
    return f"{s.name} = {s.value:.2f}{interval}{p}, n = {s.n}"
