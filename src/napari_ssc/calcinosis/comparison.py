"""Two visits measured and compared, kept so that they can be shown and saved. No Qt."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from napari_ssc._command import command_of, line_of
from napari_ssc._drawn_files import write_drawn
from napari_ssc.calcinosis.running import Measured, is_volume, measured, save_measured
from ssc_core.calcinosis.visits.follow_up import FollowUp
from ssc_core.calcinosis.visits.visit import Visit
from ssc_core.errors import InputError
from ssc_core.progress import Tick, share

__all__ = ["Comparison", "Shown", "commands_of", "compared", "save_compared", "shown_changes"]

_HEADINGS = {
    "status": "what became",
    "size_first": "before",
    "size_later": "after",
    "change_percent": "change (%)",
    "beyond_error": "beyond error",
    "change": "change",
    "label_first": "lesion before",
    "label_later": "lesion after",
    "finger": "finger",
    "long_first": "long before (mm)",
    "long_later": "long after (mm)",
    "mean_hu_first": "mean HU before",
    "mean_hu_later": "mean HU after",
    "flags": "remarks",
}


@dataclass(frozen=True, eq=False)
class Shown:
    """One visit: the pixels of its layer, its result, and the same as ``follow_up`` reads it."""

    pixels: Any
    measured: Measured
    visit: Visit


@dataclass(frozen=True, eq=False)
class Comparison:
    """Both visits and what changed."""

    first: Shown
    later: Shown
    change: FollowUp
    params: Any

    @property
    def middle(self) -> Any:
        """Middle of the later bones, mm."""
        return self.later.visit.bones.mean(0)

    def rows_of(self, visit: Shown) -> Mapping[int, int]:
        """Label of a lesion at a visit -> its row among the changes."""
        column, lone = ("label_first", "new") if visit is self.first else ("label_later", "gone")
        other = {"label_first": "split", "label_later": "merged"}[column]
        rows: dict[int, int] = {}
        table = self.change.changes
        for row, (label, status) in enumerate(zip(table[column], table["status"], strict=True)):
            if int(label) and status not in (lone, other):
                rows[int(label)] = row
        return rows

    def place_of(self, row: int, matrix: Any) -> Any:
        """World position of a change, of the lesion at the first visit where it has one."""
        change = self.change.changes.iloc[row]
        if int(change["label_first"]):
            return self.first.visit.points[int(change["label_first"])].mean(0)
        points = self.later.visit.points[int(change["label_later"])]
        n = points.shape[1]
        return points.mean(0) @ matrix[:n, :n].T + matrix[:n, n]


def compared(
    sources: tuple[Any, Any],
    cases: tuple[Any, Any],
    pixels: tuple[Any, Any],
    known: tuple[tuple[Any, Measured] | None, tuple[Any, Measured] | None],
    params: Any,
    tick: Tick,
) -> Comparison:
    """Measure both visits, unless their results are shown already, and compare them.

    Parameters
    ----------
    sources, cases, pixels : tuple
        Image, manifest row or None, and layer data of the baseline and of the follow-up.
    known : tuple
        Parameters and result of the last run on each, or None.
    params : CalcinosisParams
        For a visit that was not run yet.

    Raises
    ------
    InputError
        If one is a volume and the other an image, or they were run with different parameters.
    """
    if sources[0] is sources[1]:
        raise InputError("baseline and follow-up are the same image; pick two")
    if is_volume(sources[0]) != is_volume(sources[1]):
        raise InputError("one visit is an image and the other a volume; compare like with like")
    used = [params if k is None else k[0] for k in known]
    if used[0] != used[1]:
        raise InputError(
            "the two visits were run with different parameters; run both with the same, then compare"
        )
    from ssc_core.calcinosis.visits.follow_up import follow_up

    done = []
    for k, (source, case, earlier) in enumerate(zip(sources, cases, known, strict=True)):
        part = share(tick, k * 0.45, (k + 1) * 0.45)
        done.append(measured(source, case, params, {}, part) if earlier is None else earlier[1])
        part(1.0, 1.0, "comparing the visits")
    visits = [_read_back(d, share(tick, 0.9 + k * 0.02, 0.92 + k * 0.02)) for k, d in enumerate(done)]
    change = follow_up(visits[0], visits[1], share(tick, 0.94, 1.0))
    tick(1.0, 1.0, "done")
    first, later = (Shown(p, d, v) for p, d, v in zip(pixels, done, visits, strict=True))
    return Comparison(first, later, change, used[0])


def save_compared(found: Comparison, folder: Path) -> None:
    """Both results in folders of their own, and what ``ssc calcinosis follow-up`` writes for them."""
    from ssc_core.calcinosis.visits.follow_up import save
    from ssc_core.io.digest import file_digest

    inputs = {}
    for name, visit in (("first", found.first), ("later", found.later)):
        inner = folder / f"{name}-visit"
        inner.mkdir()
        save_measured(visit.measured, inner)
        inputs[name] = file_digest(inner / "lesions.csv")
    save(found.change, folder, inputs)


def commands_of(found: Comparison, folder: Path | None) -> str:
    """The lines of the shell that measure both visits and compare them; what was drawn goes to `folder`."""
    lines = []
    for name, visit in (("first", found.first), ("later", found.later)):
        done, files = visit.measured, {}
        if done.drawn and folder is not None:
            inner = folder / name
            inner.mkdir(exist_ok=True)
            files = {n: write_drawn(n, v, done.source, inner) for n, v in done.drawn.items()}
        lines.append(command_of("calcinosis", "image", done.case, found.params, files, f"{name}-visit"))
    return "\n".join([*lines, line_of(
        ["ssc", "calcinosis", "follow-up", "first-visit", "later-visit"], {}, "calcinosis-follow-up"
    )])  # fmt: skip


def shown_changes(found: Comparison) -> pd.DataFrame:
    """One row per lesion, with headings for people."""
    unit = "mm\N{SUPERSCRIPT TWO}" if found.first.visit.size == "area_mm2" else "mm\N{SUPERSCRIPT THREE}"
    table = found.change.changes[list(_HEADINGS)].copy()
    for column in ("label_first", "label_later"):
        table[column] = [str(int(v)) if v else "\N{EN DASH}" for v in table[column]]
    table["finger"] = [str(int(v)) if v else "\N{EN DASH}" for v in table["finger"]]
    table["status"] = table["status"].replace({"same": "found again"})  # "same" reads as unchanged
    table["beyond_error"] = ["yes" if v else "no" for v in table["beyond_error"]]
    units = {"size_first", "size_later", "change"}
    return table.rename(columns={c: f"{h} ({unit})" if c in units else h for c, h in _HEADINGS.items()})


def _read_back(done: Measured, tick: Tick) -> Visit:
    """The visit as the command line reads it, so that both give the same numbers."""
    from ssc_core.calcinosis.visits.visit import read_visit

    with tempfile.TemporaryDirectory() as folder:
        tick(0.0, 1.0, "comparing the visits")
        save_measured(done, Path(folder))
        tick(0.5, 1.0, "comparing the visits")
        return read_visit(folder)
