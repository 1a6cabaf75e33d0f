"""Axes that a reader draws: lengths in mm on oblong pixels, the ellipse, and the file that compare reads."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from ssc_core.calcinosis.axes import ellipse_mm2
from ssc_core.calcinosis.drawn_axes import axes_drawn, label_under
from ssc_core.calcinosis.drawn_file import read_readings, write_readings
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


def test_kept_axes_are_read_by_compare_and_half_a_reading_is_unusable(tmp_path):
    path = tmp_path / "mine.csv"
    write_readings(path, "P01", "R1", [axes_drawn(1, [DOWN, ACROSS], FRAME)])
    second = [axes_drawn(2, [ACROSS], FRAME), axes_drawn(1, [DOWN, ACROSS], FRAME)]
    write_readings(path, "P02", "R1", second)
    write_readings(path, "P02", "R1", second)  # kept again: replaced, not doubled
    read = read_lesions(path, "reader 1")
    assert read.how == "lengths of axes"
    assert len(read.readings.table) == 2
    assert read.unusable["reason"].tolist() == ["only one line was drawn"]
    assert len(pd.read_csv(path)) == 3
    values = pd.read_csv(path)["ellipse_mm2"].dropna()
    np.testing.assert_allclose(values, ellipse_mm2(6.0, 4.0))


@pytest.mark.parametrize(("case", "reader"), [("P01", "R1"), ("007", "12")])
def test_kept_axes_come_back_and_names_made_of_digits_stay(tmp_path, case, reader):
    path = tmp_path / "mine.csv"
    assert not path.exists()
    one, half = axes_drawn(4, [DOWN, ACROSS], FRAME), axes_drawn(2, [ACROSS], FRAME)
    write_readings(path, case, reader, [one])
    write_readings(path, "8", reader, [one])
    write_readings(path, case, reader, [half, one])
    back = read_readings(path, case, reader, FRAME)
    assert [a.lesion for a in back] == [2, 4]
    assert [len(a.lines) for a in back] == [1, 2]
    np.testing.assert_allclose(back[1].lines, one.lines)
    assert back[1].ellipse_mm2 == pytest.approx(one.ellipse_mm2)
    assert read_readings(path, "nobody", reader, FRAME) == []
    write_readings(path, case, reader, [])  # all of its lines were removed
    assert read_readings(path, case, reader, FRAME) == []
    assert len(read_readings(path, "8", reader, FRAME)) == 1


def test_another_readers_file_another_table_and_an_empty_drawing_are_refused(tmp_path):
    path = tmp_path / "mine.csv"
    one = [axes_drawn(1, [DOWN, ACROSS], FRAME)]
    write_readings(path, "P01", "R1", one)
    before = path.read_bytes()
    with pytest.raises(InputError, match="another reader"):
        write_readings(path, "P01", "R2", one)
    with pytest.raises(InputError, match="another reader"):
        read_readings(path, "P01", "R2", FRAME)
    with pytest.raises(InputError, match="this kind of image"):
        read_readings(path, "P01", "R1", Frame((1.0, 1.0, 1.0), (0.0, 0.0, 0.0)))
    assert path.read_bytes() == before
    with pytest.raises(InputError, match="no axis"):
        write_readings(tmp_path / "new.csv", "P01", "R1", [])
    (tmp_path / "other.csv").write_text("name,age\nx,1\n")
    with pytest.raises(InputError, match="holds no axes"):
        write_readings(tmp_path / "other.csv", "P01", "R1", one)
