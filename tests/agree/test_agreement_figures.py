"""The figures show the numbers that they were given, with units."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ssc_core import stats
from ssc_core.plots.agreement import bland_altman_plot, bubble_plot, cohort_plot, distribution_plot
from ssc_core.plots.style import figure

X = np.array([0, 0, 0, 0, 5, 5, 10, 40, np.nan])
Y = np.array([0, 0, 0, 5, 5, 5, 20, 30, 10])
WORDS = {"names": ("reader", "network"), "quantity": "TOT", "unit": "%"}


def test_bubbles_have_areas_in_proportion_to_counts_and_both_lines() -> None:
    ax = figure(4, 3).subplots()
    line = stats.least_squares(X, Y)
    bubble_plot(ax, X, Y, line=line, agreement=(stats.lin_ccc(X, Y),), **WORDS)
    bubbles = ax.collections[0]
    area = {tuple(p): a for p, a in zip(bubbles.get_offsets().tolist(), bubbles.get_sizes(), strict=True)}
    assert area[0.0, 0.0] / area[5.0, 5.0] == pytest.approx(3 / 2)
    assert area[0.0, 0.0] / area[40.0, 30.0] == pytest.approx(3)
    assert len(area) == 5
    identity, fitted = ax.lines
    assert (identity.get_xdata() == identity.get_ydata()).all()
    slope = np.diff(fitted.get_ydata()) / np.diff(fitted.get_xdata())
    assert slope[0] == pytest.approx(line.slope)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("reader: TOT (%)", "network: TOT (%)")
    assert any("CCC" in t.get_text() for t in ax.texts)


def test_bland_altman_lines_stand_at_bias_and_limits_and_groups_differ_in_colour_and_shape() -> None:
    ax = figure(4, 3).subplots()
    limits = stats.bland_altman(X, Y)
    level = np.array(list("123451234"))
    bland_altman_plot(ax, X, Y, limits=limits, level=level, **WORDS)
    drawn = {round(float(np.asarray(line.get_ydata())[0]), 9) for line in ax.lines}
    assert {round(v, 9) for v in (limits.bias, limits.lower, limits.upper)} <= drawn
    groups = ax.collections
    assert len(groups) == 5
    assert len({tuple(g.get_facecolor()[0]) for g in groups}) == 5
    assert len({g.get_paths()[0].vertices.tobytes() for g in groups}) == 5
    assert sum(len(g.get_offsets()) for g in groups) == 8
    assert ax.get_ylabel() == "network − reader (%)"


def test_distribution_counts_every_reading_in_its_class() -> None:
    ax = figure(4, 3).subplots()
    distribution_plot(ax, X, Y, classes=stats.GOH_CLASSES, **WORDS)
    heights = [[bar.get_height() for bar in c] for c in ax.containers]
    assert [sum(h) for h in heights] == [8, 9]
    assert heights[0][:3] == [4, 2, 1]
    assert ax.get_xlabel() == "TOT (%)"


def test_empty_and_constant_readings_still_make_a_figure() -> None:
    nothing = np.array([np.nan, np.nan])
    for x, y in ((nothing, nothing), (np.zeros(4), np.zeros(4))):
        axes = figure(9, 3).subplots(1, 3)
        bubble_plot(axes[0], x, y, line=stats.least_squares(x, y), **WORDS)
        bland_altman_plot(axes[1], x, y, limits=stats.bland_altman(x, y), **WORDS)
        distribution_plot(axes[2], x, y, **WORDS)


def test_the_cohort_figure_holds_every_cell() -> None:
    ax = figure(4, 2).subplots()
    table = pd.DataFrame({"characteristic": ["patients", "age"], "all": ["40", "50.0 (3.1)"]})
    cohort_plot(ax, table)
    assert [t.get_text() for t in ax.texts] == [
        "characteristic", "all", "patients", "40", "age", "50.0 (3.1)"
    ]  # fmt: skip
