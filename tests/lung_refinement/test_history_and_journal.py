"""Undo restores the bytes, approved slices are locked, and a killed program loses at most its last stroke."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssc_core.errors import FormatError, GeometryError, InputError, OutputError
from ssc_core.geometry import Box, Frame
from ssc_core.io.volume import open_volume, volume_from_array, write_nifti
from ssc_core.lung.refinement import (
    Action,
    Brush,
    History,
    Journal,
    audit_table,
    change_of,
    fill_holes,
    keep_largest,
    recover,
    save_verified,
    smooth,
    stroke,
)

SHAPE = (6, 12, 10)
FRAME = Frame((2.5, 0.8, 1.1), (0, 0, 0))


def painted(labels: np.ndarray, seed: int):
    """A change of any kind, drawn from `seed`."""
    rng = np.random.default_rng(seed)
    at = rng.uniform(0, SHAPE, (int(rng.integers(1, 3)), 3))
    label = int(rng.integers(0, 3))
    kind = rng.integers(0, 6)
    if kind == 0:
        return smooth(labels, FRAME, 1, float(rng.uniform(0.5, 3)))
    if kind == 1:
        return fill_holes(labels, FRAME, 1)
    if kind == 2:
        return keep_largest(labels, 1)
    plane = ("axial", "coronal", "sagittal")[int(rng.integers(3))]
    return stroke(labels, FRAME, at, Brush(label, float(rng.uniform(0.5, 5)), plane, bool(rng.integers(2))))


move = st.tuples(
    st.sampled_from(["paint", "paint", "paint", "undo", "redo", "approve", "withdraw", "save"]),
    st.integers(0, 999),
)


def played(history: History, moves: list[tuple[str, int]]) -> None:
    for what, seed in moves:
        if what == "paint":
            change = painted(history.labels, seed)
            if change is None or change.without(history.approved) is not None:
                history.apply(change, who="reader 1")
                continue
            with pytest.raises(InputError, match="approved and locked"):
                history.apply(change)
        elif what in ("undo", "redo"):
            getattr(history, what)()
        elif what == "save":
            history.mark_saved()
        else:
            getattr(history, what)({seed % SHAPE[0]})


@settings(max_examples=80, deadline=None)
@given(moves=st.lists(move, max_size=14), seed=st.integers(0, 9))
def test_undoing_everything_restores_the_bytes_and_redoing_the_end(moves, seed: int) -> None:
    labels = np.random.default_rng(seed).integers(0, 3, SHAPE).astype(np.uint8)
    begin = labels.tobytes()
    history = History(labels)
    played(history, moves)
    end, approved, n = labels.tobytes(), history.approved, len(history.steps)
    place = history.position
    history.go_to(0)
    assert labels.tobytes() == begin
    assert history.approved == frozenset()
    history.go_to(n)
    history.go_to(place)
    assert labels.tobytes() == end
    assert history.approved == approved


@settings(max_examples=80, deadline=None)
@given(moves=st.lists(move, max_size=12))
def test_approved_slices_never_change_while_they_are_approved(moves) -> None:
    labels = np.zeros(SHAPE, np.uint8)
    history = History(labels)
    for one in moves:
        before, locked = labels.copy(), sorted(history.approved)
        played(history, [one])
        if one[0] == "paint":
            assert np.array_equal(labels[locked], before[locked])


@settings(max_examples=30, deadline=None)
@given(moves=st.lists(move, max_size=10), more=st.lists(move, max_size=4))
def test_a_journal_brings_back_labels_steps_and_trail(tmp_path_factory, moves, more) -> None:
    folder = tmp_path_factory.mktemp("journal") / "j"
    labels = np.zeros(SHAPE, np.uint8)
    journal = Journal.create(folder, labels, FRAME, "sha256:abc")
    history = History(labels, journal.record)
    played(history, moves)
    again = recover(folder)
    for part in (moves, more):  # and goes on as if nothing had happened
        assert np.array_equal(again.labels, labels)
        assert again.history.trail == history.trail
        assert again.history.position == history.position
        assert again.history.steps == history.steps
        assert again.history.approved == history.approved
        assert again.history.dirty == history.dirty
        assert (again.frame, again.subject, again.warnings) == (FRAME, "sha256:abc", ())
        if part is moves:
            played(history, more)
            again = recover(folder)


def test_undo_shows_the_slice_that_it_changes() -> None:
    """Paint on 1, look at 4, undo: 1 is restored and shown."""
    labels = np.zeros(SHAPE, np.uint8)
    history = History(labels)
    history.apply(stroke(labels, FRAME, [(1, 5, 5)], Brush(1, 2.0)))
    history.apply(stroke(labels, FRAME, [(4, 5, 5)], Brush(1, 2.0, "coronal")))
    history.approve([3])
    assert history.undo().place == ("axial", 3)
    assert history.undo().place == ("coronal", 5)
    assert history.undo().place == ("axial", 1)
    assert not labels.any()
    assert history.undo() is None
    assert history.go_to(2) == ("coronal", 5)
    with pytest.raises(InputError, match="there are 3 steps, not 4"):
        history.go_to(4)


def test_locked_slices_are_spared_or_the_stroke_is_refused() -> None:
    labels = np.zeros(SHAPE, np.uint8)
    history = History(labels)
    history.approve([2, 3])
    ball = stroke(labels, FRAME, [(2, 5, 5)], Brush(1, 3.0, ball=True))
    done = history.apply(ball)
    assert 0 < done.voxels < ball.voxels
    assert np.flatnonzero(labels.any((1, 2))).tolist() == [1]
    with pytest.raises(InputError, match="slice 3 is approved and locked; withdraw the approval"):
        history.apply(stroke(labels, FRAME, [(3, 5, 5)], Brush(1, 3.0)))
    history.withdraw([3])
    assert history.apply(stroke(labels, FRAME, [(3, 5, 5)], Brush(1, 3.0))).voxels
    with pytest.raises(InputError, match="there is no slice 6"):
        history.approve([6])


def test_a_change_is_not_put_on_labels_that_something_else_changed() -> None:
    labels = np.zeros(SHAPE, np.uint8)
    change = stroke(labels, FRAME, [(1, 5, 5)], Brush(1, 2.0))
    labels[1, 5, 5] = 2
    before = labels.tobytes()
    history = History(labels)
    with pytest.raises(
        InputError, match="changed by something else since 'paint label 1 with a disc of 2 mm'"
    ):
        history.apply(change)
    with pytest.raises(GeometryError, match="another mask"):
        change.apply(np.zeros((1, 2, 2), np.uint8))
    assert labels.tobytes() == before
    assert history.trail == []
    with pytest.raises(GeometryError, match="does not fit a box"):
        change_of(labels, Box((0, 0, 0), (1, 1, 1)), np.zeros((1, 1, 2)), "x")


def test_dirty_is_only_cleared_by_a_save_and_comes_back() -> None:
    labels = np.zeros(SHAPE, np.uint8)
    history = History(labels)
    assert not history.dirty
    history.apply(stroke(labels, FRAME, [(1, 5, 5)], Brush(1, 2.0)))
    assert history.dirty
    history.mark_saved()
    assert not history.dirty
    history.undo()
    assert history.dirty
    history.redo()
    assert not history.dirty
    history.undo()
    history.apply(stroke(labels, FRAME, [(2, 5, 5)], Brush(1, 2.0)))
    assert history.dirty  # the same number of steps, another mask


def test_an_action_that_cannot_be_recorded_is_not_done() -> None:
    labels = np.zeros(SHAPE, np.uint8)

    def full(action: Action) -> None:
        raise OutputError("no room")

    history = History(labels, full)
    with pytest.raises(OutputError):
        history.apply(stroke(labels, FRAME, [(1, 5, 5)], Brush(1, 2.0)))
    assert not labels.any()
    assert (history.position, history.trail) == (0, [])


def test_the_audit_trail_tells_who_did_what_undone_steps_too() -> None:
    labels = np.zeros(SHAPE, np.uint8)
    history = History(labels)
    history.apply(stroke(labels, FRAME, [(1, 5, 5)], Brush(1, 2.0)), who="reader 1", when="day 3")
    history.undo(who="reader 2")
    history.approve([1, 2], who="reader 2")
    table = audit_table(history.trail)
    assert table["kind"].tolist() == ["change", "undo", "approve"]
    assert table["what"].tolist() == ["paint label 1 with a disc of 2 mm", "undo", "approve slices 1, 2"]
    assert table["who"].tolist() == ["reader 1", "reader 2", "reader 2"]
    assert table["when"].tolist() == ["day 3", "", ""]
    assert table["voxels"][0] > 0
    assert table["slice"].tolist() == [1, None, 1] or table["slice"].isna().tolist() == [False, True, False]
    assert len(audit_table([])) == 0


PROGRAM = """
import sys
import numpy as np
from ssc_core.geometry import Frame
from ssc_core.lung.refinement import Brush, History, Journal, stroke
labels = np.zeros((40, 64, 64), np.uint8)
frame = Frame((1, 1, 1), (0, 0, 0))
history = History(labels, Journal.create(sys.argv[1], labels, frame).record)
rng = np.random.default_rng(0)
for i in range(100000):
    history.apply(stroke(labels, frame, rng.uniform(0, 40, (2, 3)), Brush(1 + i % 200, 6.0, ball=True)))
    print(history.position, flush=True)
"""


def test_a_killed_program_loses_at_most_its_last_stroke(tmp_path: Path) -> None:
    for wait in (0.05, 0.11, 0.23):
        folder = tmp_path / f"journal {wait}"
        program = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(folder)], stdout=subprocess.PIPE, text=True, env=os.environ
        )
        told = [program.stdout.readline()]
        time.sleep(wait)
        program.send_signal(signal.SIGKILL)
        told += program.stdout.read().splitlines()
        assert program.wait() == -signal.SIGKILL
        program.stdout.close()
        finished = int(told[-1])
        found = recover(folder)
        assert finished <= found.history.position <= finished + 1
        expected = np.zeros((40, 64, 64), np.uint8)
        replay, rng = History(expected), np.random.default_rng(0)
        for i in range(found.history.position):
            path, brush = rng.uniform(0, 40, (2, 3)), Brush(1 + i % 200, 6.0, ball=True)
            replay.apply(stroke(expected, Frame((1, 1, 1), (0, 0, 0)), path, brush))
        assert np.array_equal(found.labels, expected)
        found.history.go_to(0)
        assert not found.labels.any()


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    labels = np.zeros(SHAPE, np.uint8)
    history = History(labels, Journal.create(tmp_path / "j", labels, FRAME).record)
    for z in range(5):
        history.apply(stroke(labels, FRAME, [(z, 5, 5)], Brush(1, 2.0)), who="reader 1")
    return tmp_path / "j"


def test_what_follows_a_damaged_action_is_set_aside_and_told(journal: Path) -> None:
    file = journal / "00000003.action"
    file.write_bytes(file.read_bytes()[:-3])
    found = recover(journal)
    assert found.history.position == 2
    assert found.warnings == ("3 later actions could not be read and are lost",)
    assert len(list(journal.glob("*.unreadable"))) == 3
    found.history.apply(stroke(found.labels, FRAME, [(4, 2, 2)], Brush(2, 2.0)))
    again = recover(journal)
    assert again.history.position == 3
    assert again.warnings == ()


def test_an_altered_action_is_noticed(journal: Path) -> None:
    file = journal / "00000002.action"
    file.write_bytes(file.read_bytes().replace(b"reader 1", b"reader 9"))
    assert recover(journal).history.position == 2  # it reads, but what follows names another digest
    assert recover(journal).history.position == 2


def test_half_written_files_are_no_actions(journal: Path) -> None:
    (journal / "00000006.partial").write_bytes(b"{")
    assert recover(journal).history.position == 5


@pytest.mark.parametrize("damage", ["no head", "bad head", "bad labels", "no folder"])
def test_what_is_no_journal_is_refused(journal: Path, damage: str) -> None:
    if damage == "no head":
        (journal / "journal.json").unlink()
    elif damage == "bad head":
        (journal / "journal.json").write_text(json.dumps({"version": 1}))
    elif damage == "bad labels":
        (journal / "labels.bin").write_bytes((journal / "labels.bin").read_bytes()[:-1])
    else:
        journal = journal / "elsewhere"
    with pytest.raises(FormatError, match="no journal of a mask"):
        recover(journal)


def test_a_journal_is_not_overwritten_and_can_be_discarded(journal: Path) -> None:
    with pytest.raises(OutputError, match="a journal already"):
        Journal.create(journal, np.zeros(SHAPE, np.uint8), FRAME)
    recover(journal).journal.discard()
    assert not journal.exists()


def test_saving_is_verified_and_an_earlier_file_survives_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    volume = volume_from_array(np.full(SHAPE, -800, np.int16), FRAME)
    labels = np.random.default_rng(0).integers(0, 4, SHAPE).astype(np.uint8)
    path = tmp_path / "mask.nii.gz"
    save_verified(path, labels, volume)
    write_nifti(tmp_path / "ct.nii.gz", volume.hu.compute(), volume)
    save_verified(path, labels, open_volume(tmp_path / "ct.nii.gz"))
    whole = path.read_bytes()
    monkeypatch.setattr("SimpleITK.WriteImage", lambda *a: (_ for _ in ()).throw(RuntimeError("full")))
    with pytest.raises(OutputError):
        save_verified(path, labels, volume)
    assert path.read_bytes() == whole
    assert sorted(p.name for p in tmp_path.iterdir()) == ["ct.nii.gz", "mask.nii.gz"]
    monkeypatch.undo()
    monkeypatch.setattr("ssc_core.lung.refinement.saving.write_nifti", lambda *a: None)
    with pytest.raises(OutputError, match="differs from the mask"):
        save_verified(path, labels + 1, volume)
