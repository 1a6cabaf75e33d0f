"""Levels that a reader has set: what they are called, and the table from which networks learn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from ssc_core.errors import InputError, OutputError
from ssc_core.io.volume import Volume
from ssc_core.lung.levels import LEVEL_NAMES, Level
from ssc_core.lung.lnet.case import read_levels
from ssc_core.lung.results import levels_frame

__all__ = ["drawn_level", "without_position", "write_drawn_levels"]


def drawn_level(before: Level, slice_: int, image: Volume) -> Level:
    """The level set to a slice by hand.

    Parameters
    ----------
    before : Level
        As it was found; it stays in the note, so that a correction can be told from an agreement.
    slice_ : int
        Slice of `image`, 0 nearest to the feet.
    image : Volume
        The CT.

    Raises
    ------
    InputError
        If there is no such slice.
    """
    if not 0 <= slice_ < image.shape[0]:
        raise InputError(f"there is no slice {slice_}; slices run from 0 to {image.shape[0] - 1}")
    if before.slice == slice_ and before.method != "drawn":
        note = f"confirmed by a reader; {before.method}"
    elif before.missing:
        note = f"set by a reader; missing before: {before.note}"
    else:
        moved = float(image.frame.spacing[0]) * (slice_ - (before.slice or 0))
        note = f"moved {moved:+.1f} mm by a reader; before: {before.method}"
    middle = [(n - 1) / 2 for n in image.shape[1:]]
    z_mm = float(image.frame.to_physical([slice_, *middle])[0])
    source = image.source_slice(slice_) if image.orientation.order[0] == 0 else None
    name = LEVEL_NAMES[before.number]
    return Level(before.number, name, z_mm, slice_, source, "drawn", math.nan, note)


def without_position(before: Level) -> Level:
    """The level without a position: a reader says that it cannot be seen."""
    note = "removed by a reader" + ("" if before.missing else f"; before: {before.method}")
    return Level(before.number, before.name, math.nan, None, None, "missing", math.nan, note)


def write_drawn_levels(levels: Sequence[Level], path: str | Path) -> Path:
    """Write the level table that ``ssc lung train-levels`` reads, and read it back.

    Parameters
    ----------
    levels : sequence of Level
        The five; missing ones stay in the table without a height.
    path : path-like
        Ends with ``.csv``. An earlier table is replaced only by one that can be read.

    Raises
    ------
    OutputError
        If it is named otherwise or cannot be written.
    InputError
        If no level has a height, or they do not follow one another from head to feet.
    """
    path = Path(path)
    if path.suffix.lower() != ".csv":
        raise OutputError("levels are written as .csv; name the file so", source=path)
    partial = path.with_name(f".{path.stem[:40]}.partial.csv")
    try:
        levels_frame(levels).to_csv(partial, index=False, float_format="%.10g", lineterminator="\n")
        read_levels(partial)
        partial.replace(path)
    except OSError as error:
        raise OutputError("the levels cannot be written here; name another place", source=path) from error
    except InputError as error:
        raise type(error)(error.message) from error
    finally:
        partial.unlink(missing_ok=True)
    return path
