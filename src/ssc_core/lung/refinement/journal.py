"""The log on disk: each action is a file that appears whole or not at all, so a crash costs at most one.

A journal is a folder with the labels at the beginning and one file per action. Every action names the digest
of the one before, so a lost or altered entry is noticed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numcodecs import Blosc

from ssc_core.errors import FormatError, OutputError
from ssc_core.geometry import Box, Frame
from ssc_core.lung.refinement.change import Change, Labels
from ssc_core.lung.refinement.history import Action, History

__all__ = ["Journal", "Recovered", "recover", "unsaved_actions"]

_BASE, _HEAD = "labels.bin", "journal.json"
_ENDING = ".action"
_CODEC = Blosc("zstd", 3, Blosc.NOSHUFFLE)
_VERSION = 1


@dataclass
class Journal:
    """Writes actions into a folder (made by :meth:`create` or found by :func:`recover`).

    Parameters
    ----------
    folder : Path
        Where it lies.
    count : int
        Actions in it.
    digest : str
        Of the last entry.
    """

    folder: Path
    count: int = 0
    digest: str = ""

    @classmethod
    def create(cls, folder: str | Path, labels: Labels, frame: Frame, subject: str = "") -> Journal:
        """Begin a journal with the labels as they are.

        Parameters
        ----------
        folder : path-like
            A folder to be made.
        labels : array (z, y, x) of int
            The mask before the first action.
        frame : Frame
            Of it.
        subject : str
            Digest of the CT that the mask belongs to, so that nobody takes it up on another; never a name.

        Raises
        ------
        OutputError
            If the folder exists or cannot be written.
        """
        folder = Path(folder)
        if folder.exists():
            raise OutputError("there is a journal already; recover it, or remove it", source=folder)
        packed = _CODEC.encode(np.ascontiguousarray(labels))
        head = {
            "version": _VERSION, "shape": list(labels.shape), "dtype": str(labels.dtype), "subject": subject,
            "frame": asdict(frame), "labels": hashlib.sha256(packed).hexdigest(),
        }  # fmt: skip
        text = json.dumps(head, indent=1, sort_keys=True).encode()
        making = folder.with_name(f".{folder.name[:40]}.partial")
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(making, ignore_errors=True)
            making.mkdir()
            _write_whole(making / _BASE, packed)
            _write_whole(making / _HEAD, text)
            making.replace(folder)
        except OSError as error:
            raise OutputError(_cannot(error), source=folder) from error
        return cls(folder, digest=hashlib.sha256(text).hexdigest())

    def record(self, action: Action) -> None:
        """Write one action; when this returns, it survives a crash.

        Raises
        ------
        OutputError
            If it cannot be written. The journal is as it was before.
        """
        data = _encoded(action, self.digest)
        try:
            _write_whole(self.folder / f"{self.count + 1:08d}{_ENDING}", data)
        except OSError as error:
            raise OutputError(_cannot(error), source=self.folder) from error
        self.count += 1
        self.digest = hashlib.sha256(data).hexdigest()

    def discard(self) -> None:
        """Remove the journal: the mask was saved and read back, or the user does not want it."""
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass(frozen=True)
class Recovered:
    """What a journal held.

    Parameters
    ----------
    history : History
        With the labels as they were after the last whole action; goes on recording into `journal`.
    frame : Frame
        Of the labels.
    subject : str
        Digest of the CT.
    journal : Journal
        To go on with.
    warnings : tuple of str
        What could not be taken up.
    """

    history: History
    frame: Frame
    subject: str
    journal: Journal
    warnings: tuple[str, ...] = field(default=())

    @property
    def labels(self) -> Labels:
        """The labels, as in the history."""
        return self.history.labels


def recover(folder: str | Path) -> Recovered:
    """Take up a journal where it ended, after a crash or on another day.

    Raises
    ------
    FormatError
        If it is no journal, or its beginning is damaged.
    """
    folder = Path(folder)
    try:
        text = (folder / _HEAD).read_bytes()
        head = json.loads(text)
        packed = (folder / _BASE).read_bytes()
        if head["version"] != _VERSION or hashlib.sha256(packed).hexdigest() != head["labels"]:
            raise ValueError("digest")
        labels = np.frombuffer(_CODEC.decode(packed), head["dtype"]).reshape(head["shape"]).copy()
        given = head["frame"]
        frame = Frame(
            tuple(given["spacing"]),
            tuple(given["origin"]),
            tuple(map(tuple, given["direction"])),
            given["unit"],
        )
        subject = str(head["subject"])
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise FormatError(
            "this is no journal of a mask, or its beginning is damaged", source=folder
        ) from error
    journal = Journal(folder, digest=hashlib.sha256(text).hexdigest())
    history = History(labels)
    for action, digest in _entries(folder, journal.digest):
        history.replay([action])
        journal.count, journal.digest = journal.count + 1, digest
    unread = sorted(folder.glob(f"*{_ENDING}"))[journal.count :]
    for file in unread:
        file.replace(file.with_suffix(".unreadable"))
    history.record = journal.record
    n = len(unread)
    lost = (f"{n} later action{'s' if n > 1 else ''} could not be read and {'are' if n > 1 else 'is'} lost",)
    return Recovered(history, frame, subject, journal, lost if n else ())


def unsaved_actions(folder: str | Path) -> tuple[Path, ...]:
    """The actions of a journal, oldest first; none if there is no journal, or the last action was to save."""
    files = tuple(sorted(Path(folder).glob(f"*{_ENDING}")))
    if not files:
        return ()
    try:
        saved = json.loads(files[-1].read_bytes().partition(b"\n")[0])["kind"] == "save"
    except (OSError, ValueError, KeyError, TypeError):
        saved = False  # damaged: recovering says what can be had
    return () if saved else files


def _entries(folder: Path, digest: str) -> Iterator[tuple[Action, str]]:
    """Whole actions in order, up to the first that is missing, damaged or does not follow."""
    number = 1
    while (file := folder / f"{number:08d}{_ENDING}").is_file():
        data = file.read_bytes()
        action = _decoded(data, digest)
        if action is None:
            return
        digest = hashlib.sha256(data).hexdigest()
        yield action, digest
        number += 1


def _encoded(action: Action, previous: str) -> bytes:
    change = action.change
    head: dict[str, Any] = {
        "kind": action.kind, "who": action.who, "when": action.when, "slices": list(action.slices),
        "previous": previous,
    }  # fmt: skip
    body = b""
    if change is not None:
        body = change.before + change.after
        head["change"] = {
            "start": list(change.box.start), "stop": list(change.box.stop), "dtype": change.dtype,
            "voxels": change.voxels, "what": change.what, "plane": change.plane, "slice": change.slice,
            "split": len(change.before),
        }  # fmt: skip
    head["body"] = hashlib.sha256(body).hexdigest()
    return json.dumps(head, sort_keys=True).encode() + b"\n" + body


def _decoded(data: bytes, previous: str) -> Action | None:
    """The action, or None where the entry is damaged or follows another one."""
    line, _, body = data.partition(b"\n")
    try:
        head = json.loads(line)
        if head["previous"] != previous or hashlib.sha256(body).hexdigest() != head["body"]:
            return None
        change = None
        if (c := head.get("change")) is not None:
            box = Box(tuple(c["start"]), tuple(c["stop"]))
            states = body[: c["split"]], body[c["split"] :]
            change = Change(box, *states, c["dtype"], c["voxels"], c["what"], c["plane"], c["slice"])
        return Action(head["kind"], change, tuple(head["slices"]), head["who"], head["when"])
    except (ValueError, KeyError, TypeError):
        return None


def _write_whole(path: Path, data: bytes) -> None:
    """Write beside the place, force it to the disk, then put it there."""
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def _cannot(error: OSError) -> str:
    return f"the journal cannot be written ({(error.strerror or 'unknown reason').lower()}); make room"
