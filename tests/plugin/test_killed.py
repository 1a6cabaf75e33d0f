"""A program that is killed while readers work loses at most the click that was being written."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from ssc_core.calcinosis.drawn_file import read_readings
from ssc_core.geometry import Frame
from ssc_core.lung.reading.rating import read_ratings
from ssc_core.lung.reading.table import read_scores

READER = """
import sys
from pathlib import Path
import numpy as np
from ssc_core.calcinosis.drawn_axes import axes_drawn
from ssc_core.calcinosis.drawn_file import write_readings
from ssc_core.geometry import Frame
from ssc_core.lung.reading.rating import MapItem, RatingSession
from ssc_core.lung.reading.session import ScoringSession
from ssc_core.lung.reading.queue import Item

folder = Path(sys.argv[1])
frame = Frame((0.3, 0.3), (0.0, 0.0))
maps = [MapItem(f"c{n:03}", 1, folder / "x.png") for n in range(400)]
rating = RatingSession(folder, maps, reader="A")
slices = [Item(f"c{n:03}", f"c{n:03}", 1, float(n), n) for n in range(400)]
scoring = ScoringSession(folder, slices, reader="A", session="T1", seed=0)
axes = []
for n in range(1, 401):
    axes.append(axes_drawn(n, [np.array([[0.0, n], [9.0, n]]), np.array([[4.0, n], [4.0, n + 3.0]])], frame))
    write_readings(folder / "axes.csv", "01", "A", axes)
    rating.rate("tot", 1 + n % 5)
    rating.forward()
    scoring.score(5, 5, 0, seconds=1.0)
    print(n, flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no such signal here")
def test_killed_at_any_moment_every_file_opens_and_holds_what_was_said(tmp_path):
    for number, moment in enumerate((0.0, 0.004, 0.011)):
        folder = tmp_path / str(number)
        folder.mkdir()
        with subprocess.Popen(
            [sys.executable, "-c", READER, str(folder)], stdout=subprocess.PIPE, text=True
        ) as reader:
            said = 0
            while said < 5 + 7 * number:
                said = int(reader.stdout.readline() or -1)
                assert said > 0
            time.sleep(moment)
            reader.kill()
            said = max([said, *(int(more) for more in reader.stdout.read().split())])
        axes = read_readings(folder / "axes.csv", "01", "A", Frame((0.3, 0.3), (0.0, 0.0)))
        assert len(axes) in (said, said + 1)
        assert read_ratings(folder / "ratings-A.json")["tot"].notna().sum() in (said, said + 1)
        assert len(read_scores(folder / "scores.csv")) in (said, said + 1)
