"""``ssc lung read``, ``rate`` and ``ratings``: readings by people."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ssc_core.cli.running import Out, bar
from ssc_core.errors import InputError

if TYPE_CHECKING:
    from ssc_core.lung.reading.session import ScoringSession

__all__ = ["rate", "ratings", "read"]

Alias = Annotated[str, Parameter(help="Alias of the reader: letters, digits, '-' and '_'.")]
_HOW = "TOT GG RET in steps of 5, as 20 15 10; 'skip', 'back', or 'stop' (the session is taken up later)"


def read(
    manifest: Path,
    /,
    *,
    out: Out,
    reader: Alias,
    session: str = "T1",
    washout_days: int = 42,
    seed: int = 0,
) -> None:
    """Score the slices at the five levels by eye: blinded order, one picture at a time, kept after each.

    The same command goes on after a stop; other readers and sessions use the same folder. All scores
    together are in scores.csv, which 'train-scores' and 'ssc agree' read. The reader 'consensus' sees what
    the single readers gave.

    Parameters
    ----------
    manifest
        CSV with case_id, ct, and if wanted levels (a table of level and z_mm), patient, series.
    session
        Name of the session, as T1 and T2.
    washout_days
        Days between two sessions of a reader.
    seed
        Of the blinded order; a study keeps the one it began with.
    """
    from ssc_core.cohort import read_manifest
    from ssc_core.lung.reading.case import ReadCase
    from ssc_core.lung.reading.session import ScoringSession
    from ssc_core.lung.reading.study import open_study

    cases = {case.case_id: case for case in read_manifest(manifest, ReadCase)}
    with bar() as tick:
        items, seed = open_study(out, list(cases.values()), seed=seed, tick=tick)
    sitting = ScoringSession(out, items, reader=reader, session=session, seed=seed, washout_days=washout_days)
    picture = out / f"shown-{reader}.png"
    try:
        _score_all(sitting, cases, picture)
    finally:
        picture.unlink(missing_ok=True)
    print(f"{sitting.done} of {len(items)} images are scored by {reader} in {session}")
    print(f"Result: {out / 'scores.csv'}")


def _score_all(sitting: ScoringSession, cases: dict, picture: Path) -> None:  # type: ignore[type-arg]
    from ssc_core.lung.reading.case import slice_hu
    from ssc_core.lung.reading.pictures import slice_figure
    from ssc_core.plots.style import save_figure

    print(f"Open {picture} in an image viewer; it changes with every image.\nWrite {_HOW}.")
    while (item := sitting.current) is not None:
        hu, pixel_mm = slice_hu(cases[item.case_id], item.slice)
        save_figure(slice_figure(hu, pixel_mm, sitting.title), picture, dpi=110)
        began, title = time.monotonic(), sitting.title
        for row in sitting.singles(item).to_dict("records"):
            print(f"  {row['reader']} {row['session']}: {row['tot']:g} {row['gg']:g} {row['ret']:g}")
        while True:
            words = _ask(title)
            if words == ["stop"]:
                return
            if words == ["skip"]:
                sitting.skip()
                break
            if words == ["back"]:
                sitting.back()
                break
            if _scored(sitting, words, time.monotonic() - began):
                break


def _scored(sitting: ScoringSession, words: list[str], seconds: float) -> bool:
    """Whether `words` are scores that were kept."""
    sure = words[-1:] == ["keep"]
    try:
        numbers = [float(w.replace(",", ".").rstrip("%")) for w in (words[:-1] if sure else words)]
        if len(numbers) != 3:
            raise ValueError
    except ValueError:
        print(f"  not understood; write {_HOW}")
        return False
    try:
        broken = sitting.score(*numbers, seconds=seconds, sure=sure)
    except InputError as error:
        print(f"  {error}")
        return False
    if broken and not sure:
        print(f"  {'; '.join(broken)}. Write other scores, or the same with 'keep' behind them")
        return False
    return True


def rate(maps: Path, /, *, out: Out, reader: Alias, seed: int = 0) -> None:
    """Rate heat maps from 1 (strongly disagree) to 5 (strongly agree) for TOT, GG and RET; kept after each.

    The same command goes on after a stop. Each reader has a file of his own, ratings-READER.json, in the
    format of the paper's rating software.

    Parameters
    ----------
    maps
        CSV with case_id, level, picture (the image file that shows the three maps).
    seed
        Of the blinded order.
    """
    from ssc_core.io.output import claim
    from ssc_core.lung.reading.maps import read_maps, record_rating
    from ssc_core.lung.reading.rating import LIKERT, RatingSession

    items = read_maps(maps)
    folder = record_rating(claim(out), items, seed)
    sitting = RatingSession(folder, items, reader=reader, seed=seed)
    print("; ".join(f"{n} {label}" for n, label in LIKERT.items()))
    print("Write three numbers for TOT GG RET, as 5 4 4; 'back', or 'stop'")
    while (item := sitting.current) is not None:
        print(f"open {item.picture}")
        words = _ask(sitting.title)
        if words == ["stop"]:
            break
        if words == ["back"]:
            sitting.back()
            continue
        if len(words) != 3 or not all(w in "12345" for w in words):
            print("  not understood; write three numbers from 1 to 5")
            continue
        for pattern, word in zip(("tot", "gg", "ret"), words, strict=True):
            sitting.rate(pattern, int(word))
        sitting.forward()
    print(f"{sitting.done} of {len(items)} heat maps are rated by {reader}")
    print(f"Result: {sitting.file}")


def ratings(files: Annotated[list[Path], Parameter(consume_multiple=True)], /, *, out: Out) -> None:
    """Compare readers' ratings of heat maps: shares that agree, counted both ways, pies, kappa.

    Parameters
    ----------
    files
        ratings-READER.json of each reader.
    """
    from ssc_core.io.digest import file_digest
    from ssc_core.io.output import staged
    from ssc_core.lung.reading.likert import save_ratings
    from ssc_core.lung.reading.rating import read_ratings

    names = [f.stem.removeprefix("ratings-").removeprefix("heat_map_performance_") for f in files]
    if len(set(names)) < len(names):
        raise InputError("two files have the same reader's name; rename one")
    given = {name: read_ratings(f) for name, f in zip(names, files, strict=True)}
    inputs = {f"ratings {i + 1}": file_digest(f) for i, f in enumerate(files)}
    with staged(out) as folder:
        table = save_ratings(given, folder, inputs)
    print(table.to_string(index=False, float_format=lambda v: f"{v:.1f}", na_rep="-"))
    print(f"Result: {out}")


def _ask(title: str) -> list[str]:
    try:
        return input(f"{title}> ").strip().lower().split()
    except EOFError:
        print()
        return ["stop"]
