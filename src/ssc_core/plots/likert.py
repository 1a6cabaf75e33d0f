"""Pies of Likert ratings, as figure 7 of Jia et al. 2024."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from ssc_core.plots.style import figure

__all__ = ["pies"]

# from disagreement (warm) to agreement (cold), told apart by the colour-blind and in grey
_COLOURS = {1: "#B2182B", 2: "#EF8A62", 3: "#D9D9D9", 4: "#67A9CF", 5: "#2166AC"}


def pies(shares: pd.DataFrame) -> Figure:
    """One pie per reader (row) and pattern (column).

    Parameters
    ----------
    shares : DataFrame
        reader, pattern, rating (1 to 5), label, n, percent.
    """
    readers, patterns = list(dict.fromkeys(shares["reader"])), list(dict.fromkeys(shares["pattern"]))
    fig = figure(2.7 * len(patterns) + 1.8, 2.6 * len(readers) + 0.3)
    axes = fig.subplots(len(readers), len(patterns), squeeze=False)
    for i, reader in enumerate(readers):
        for j, pattern in enumerate(patterns):
            rows = shares[(shares["reader"] == reader) & (shares["pattern"] == pattern) & (shares["n"] > 0)]
            ax = axes[i, j]
            ax.set_title(f"{reader}: {pattern.upper()} (n = {int(rows['n'].sum())})", fontsize=9)
            ax.set_axis_off()
            if rows.empty:
                ax.text(0.5, 0.5, "not rated", ha="center", transform=ax.transAxes)
                continue
            texts = [f"{p:.0f} %" if p >= 4 else "" for p in rows["percent"]]
            ax.pie(
                rows["n"], colors=[_COLOURS[int(r)] for r in rows["rating"]], labels=texts,
                labeldistance=1.12, startangle=90, counterclock=False, textprops={"fontsize": 8},
                wedgeprops={"edgecolor": "white", "linewidth": 1},
            )  # fmt: skip
    labels = shares.drop_duplicates("rating").sort_values("rating", ascending=False)
    handles = [axes[0, 0].scatter([], [], s=60, marker="s", color=_COLOURS[int(r)]) for r in labels["rating"]]
    fig.legend(handles, labels["label"], loc="outside right upper", frameon=False, fontsize=8)
    return fig
