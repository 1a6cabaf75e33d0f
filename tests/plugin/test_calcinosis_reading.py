"""Axes that a reader draws: lengths in mm on oblong pixels, the ellipse, and the file that compare reads."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from ssc_core.calcinosis.axes import ellipse_mm2
from ssc_core.calcinosis.drawn_axes import axes_drawn, label_under, readings_table, write_readings
from ssc_core.calcinosis.readers import read_lesions
from ssc_core.errors import InputError
from ssc_core.geometry import Frame

FRAME = Frame((0.5, 0.25), (3.0, -2.0))
DOWN = np.array([[10.0, 20.0], [18.0, 20.0]])  # 8 x 0.5 = 4 mm
ACROSS = np.array([[14.0, 12.0], [14.0, 36.0]])  # 24 x 0.25 = 6 mm


def test_longer_line_is_the_long_axis_whichever_was_drawn_first():
    for lines in ([DOWN, ACROSS], [ACROSS, DOWN]):
        axes = axes_drawn(3, lines, FRAME)
        assert (axes.long_mm, axes.short_mm) == pytest.approx((6.0, 4.0))
        assert axes.ellipse_mm2 == pytest.approx(math.pi / 4 * 24)
        assert axes.aslant_deg == pytest.approx(0.0, abs=1e-6)


def test_slanting_short_axis_is_told_in_degrees():
    slanted = np.array([[10.0, 16.0], [18.0, 20.0]])  # 4 mm down, 1 mm across
    assert axes_drawn(1, [ACROSS, slanted], FRAME).aslant_deg == pytest.approx(math.degrees(math.atan2(1, 4)))


def test_label_under_a_line_is_the_one_it_runs_over_longest():
    labels = np.zeros((30, 50), np.int32)
    labels[12:17, 10:16] = 4
    labels[12:17, 16:40] = 7
    assert label_under(ACROSS, labels) == 7
    assert label_under(np.add(DOWN, [0, 60]), labels) == 0


def test_saved_axes_are_read_by_compare_and_half_a_reading_is_unusable(tmp_path):
    path = tmp_path / "mine.csv"
    write_readings(path, readings_table("P01", "R1", [axes_drawn(1, [DOWN, ACROSS], FRAME)]))
    second = [axes_drawn(2, [ACROSS], FRAME), axes_drawn(1, [DOWN, ACROSS], FRAME)]
    write_readings(path, readings_table("P02", "R1", second))
    write_readings(path, readings_table("P02", "R1", second))  # saved again: replaced, not doubled
    read = read_lesions(path, "reader 1")
    assert read.how == "lengths of axes"
    assert len(read.readings.table) == 2
    assert read.unusable["reason"].tolist() == ["only one line was drawn"]
    assert len(pd.read_csv(path)) == 3
    values = pd.read_csv(path)["ellipse_mm2"].dropna()
    np.testing.assert_allclose(values, ellipse_mm2(6.0, 4.0))


def test_another_readers_file_and_an_empty_drawing_are_refused(tmp_path):
    path = tmp_path / "mine.csv"
    one = [axes_drawn(1, [DOWN, ACROSS], FRAME)]
    write_readings(path, readings_table("P01", "R1", one))
    with pytest.raises(InputError, match="another reader"):
        write_readings(path, readings_table("P01", "R2", one))
    with pytest.raises(InputError, match="no axis"):
        write_readings(path, readings_table("P01", "R1", []))
