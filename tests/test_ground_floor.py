"""Errors, progress, seeds, frames and staged output: what every room stands on."""

from __future__ import annotations

import errno
import pickle
from pathlib import Path
from typing import Annotated

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssc_core import errors
from ssc_core.geometry import Box, Frame
from ssc_core.io.output import RECORD, staged
from ssc_core.params import Params, quantity, unit_of
from ssc_core.progress import share, silent, track
from ssc_core.seeds import seed_of

spacings = st.floats(0.01, 100)


def test_storable_message_drops_every_name_from_the_users_files() -> None:
    error = errors.GeometryError(
        "slices ZZNAME1.dcm and ZZNAME2.dcm overlap",
        source="/data/ZZNAME/ct",
        private=["ZZNAME1.dcm", "ZZNAME2.dcm"],
    )
    assert str(error).startswith("/data/ZZNAME/ct: slices ZZNAME1.dcm")
    assert "ZZNAME" not in error.storable
    assert "slices <name> and <name> overlap" in error.storable


@pytest.mark.parametrize("kind", [getattr(errors, name) for name in errors.__all__])
def test_errors_survive_the_way_between_processes(kind: type[errors.SscError]) -> None:
    before = kind("what is wrong", source="a/b.svs", private=("x",))
    after = pickle.loads(pickle.dumps(before))
    assert type(after) is kind
    assert str(after) == str(before) == "a/b.svs: what is wrong"
    assert after.private == ("x",)


def test_raising_cancelled_from_the_tick_stops_the_work() -> None:
    done = []

    def tick(now: float, total: float, what: str) -> None:
        if now == 2:
            raise errors.Cancelled

    with pytest.raises(errors.Cancelled):
        for item in track(range(5), tick, "items"):
            done.append(item)
    assert done == [0, 1]


def test_shared_ticks_never_leave_their_part() -> None:
    seen: list[float] = []
    part = share(lambda done, total, what: seen.append(done / total), 0.25, 0.5)
    for _ in track(range(4), part, "x"):
        pass
    assert seen == pytest.approx([0.25, 0.3125, 0.375, 0.4375, 0.5])
    assert list(track([], silent, "nothing")) == []


def test_seed_depends_on_every_part_and_its_type() -> None:
    assert seed_of(1, "a") == seed_of(1, "a")
    assert len({seed_of(1, "a"), seed_of(1, "b"), seed_of(2, "a"), seed_of("1", "a"), seed_of("1a")}) == 5


@given(
    st.tuples(spacings, spacings, spacings),
    st.tuples(*[st.floats(-500, 500)] * 3),
    st.floats(0, 6.28),
    st.tuples(*[st.floats(-1000, 1000)] * 3),
)
def test_frame_there_and_back(spacing, origin, angle, index) -> None:  # type: ignore[no-untyped-def]
    c, s = np.cos(angle), np.sin(angle)
    frame = Frame(spacing, origin, ((1, 0, 0), (0, c, -s), (0, s, c)))
    assert frame.to_index(frame.to_physical(index)) == pytest.approx(np.asarray(index), abs=1e-6)


@given(spacings, st.floats(0.1, 40))
def test_resampling_keeps_the_outer_corner(spacing: float, factor: float) -> None:
    frame = Frame((spacing, spacing), (3.0, -2.0), unit="um")
    coarse = frame.resampled((spacing * factor, spacing * factor))
    assert coarse.to_physical((-0.5, -0.5)) == pytest.approx(frame.to_physical((-0.5, -0.5)), abs=1e-6)


@pytest.mark.parametrize("spacing", [(0.0, 1.0), (-1.0, 1.0), (float("nan"), 1.0), (float("inf"), 1.0)])
def test_impossible_spacing_is_refused(spacing: tuple[float, float]) -> None:
    with pytest.raises(errors.GeometryError, match="spacing"):
        Frame(spacing, (0.0, 0.0))


def test_pixel_size_uses_both_spacings() -> None:
    assert Frame((0.4, 0.2), (0, 0)).pixel_size == pytest.approx(0.08)


def test_frames_that_differ_by_half_a_pixel_are_not_the_same() -> None:
    frame = Frame((1.0, 1.0), (0.0, 0.0))
    assert frame.same_as(Frame((1.0, 1.0), (0.0, 0.0)))
    assert not frame.same_as(frame.cropped((0.5, 0)))


def test_box_is_clipped_and_grown() -> None:
    box = Box((-3, 2), (4, 9))
    assert box.clipped((5, 5)) == Box((0, 2), (4, 5))
    assert Box((9, 9), (12, 12)).clipped((5, 5)).shape == (0, 0)
    assert box.grown((1, 2)).shape == (9, 11)


class _Demo(Params):
    size_mm: Annotated[float, quantity("mm", "A length.", gt=0, le=10)] = 1.0


def test_parameters_are_frozen_bounded_and_described() -> None:
    with pytest.raises(errors.InputError, match=r"--size-mm.*less than or equal to 10.*given 11"):
        _Demo.make(size_mm=11)
    with pytest.raises(errors.InputError, match="--colour"):
        _Demo.make(colour="red")
    with pytest.raises(errors.InputError, match="--size-mm"):
        _Demo.make(size_mm=float("nan"))
    assert unit_of(_Demo.model_fields["size_mm"]) == "mm"


def test_a_failed_run_leaves_the_earlier_result_intact(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with staged(out) as folder:
        (folder / RECORD).write_text("first")
    with pytest.raises(RuntimeError, match="boom"), staged(out) as folder:
        (folder / RECORD).write_text("second")
        raise RuntimeError("boom")
    assert (out / RECORD).read_text() == "first"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_new_result_replaces_the_earlier_one_whole(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for name in ("old.csv", "new.csv"):
        with staged(out) as folder:
            (folder / RECORD).write_text("{}")
            (folder / name).write_text("x")
    assert sorted(p.name for p in out.iterdir()) == ["new.csv", RECORD]


def test_folders_of_other_people_are_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(errors.OutputError, match="not an earlier result"), staged(tmp_path):
        pass
    with pytest.raises(errors.OutputError, match="this is a file"), staged(tmp_path / "thesis.txt"):
        pass
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_reading_errors_are_not_taken_for_writing_errors(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), staged(tmp_path / "out"):
        (tmp_path / "absent.svs").read_bytes()


def test_a_full_disk_is_one_sentence_and_keeps_the_earlier_result(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with staged(out) as folder:
        (folder / RECORD).write_text("first")
    with pytest.raises(errors.OutputError, match=r"no space left.*another folder with -o"), staged(out):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert (out / RECORD).read_text() == "first"
