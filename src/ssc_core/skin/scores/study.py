"""A study on disk: the features of its biopsies, and the table of its patients."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from ssc_core.errors import InputError
from ssc_core.io.features import ABOUT, FeatureSet, read_features
from ssc_core.progress import Tick, silent, track
from ssc_core.skin.scores.cohort_table import Cohort, read_cohort
from ssc_core.skin.scores.patches import PatchSet, gather
from ssc_core.skin.tissue import read_tissue

__all__ = ["BIOPSY_TABLE", "FEATURES", "Study", "open_study", "read_cohort_table"]

FEATURES = "features"
"""Folder of the features in a study."""
BIOPSY_TABLE = "cohort.csv"
"""The manifest without paths, kept in a study so that it can be analysed without its slides."""

_PLACES = ("features/{0}", "cases/{0}", "{0}")


class Study:
    """Features and people of a study.

    Parameters
    ----------
    folder : Path
        Where the features are.
    cohort : Cohort
        The people.
    patches : PatchSet
        All features, biopsies in the cohort's order.
    places : mapping of (biopsy_id, section) to Path
        Where the features of each section are.
    """

    def __init__(
        self, folder: Path, cohort: Cohort, patches: PatchSet, places: Mapping[tuple[str, int], Path]
    ) -> None:
        self.folder, self.cohort, self.patches, self.places = folder, cohort, patches, places

    def tissue(self) -> pd.DataFrame:
        """What was measured on each biopsy (:mod:`ssc_core.skin.tissue`), the mean of its sections."""
        rows = [{"biopsy_id": biopsy, **read_tissue(place)} for (biopsy, _), place in self.places.items()]
        return pd.DataFrame(rows).groupby("biopsy_id", as_index=False, sort=False).mean()

    @property
    def inputs(self) -> dict[str, str]:
        """Role to digest of what was read: the features, and the table of the people."""
        hashed = hashlib.sha256(np.ascontiguousarray(self.patches.x).tobytes())
        table = self.cohort.sections.to_csv(index=False).encode()
        return {
            "features": f"sha256:{hashed.hexdigest()}",
            "cohort": f"sha256:{hashlib.sha256(table).hexdigest()}",
        }

    @property
    def biopsies(self) -> pd.DataFrame:
        """One row per biopsy."""
        return self.cohort.biopsies

    def __repr__(self) -> str:
        people = self.biopsies["patient_id"].nunique()
        return (
            f"<Study {len(self.biopsies)} biopsies of {people} people, {len(self.patches)} patches x "
            f"{len(self.patches.names)} features>"
        )


def open_study(
    folder: str | Path, manifest: str | Path | None = None, *, partial: bool = False, tick: Tick = silent
) -> Study:
    """Open a study that ``ssc skin features`` made.

    Parameters
    ----------
    folder : path-like
        The study.
    manifest : path-like, optional
        Table of the biopsies; by default the one in the study.
    partial : bool
        Take the sections that have features and leave the others out.
    tick : Tick, optional
        Told after every biopsy.

    Raises
    ------
    InputError
        If biopsies of the table have no features (all are named), or no table is there.
    """
    folder = Path(folder)
    cohort = read_cohort_table(folder, manifest)
    if partial:
        there = cohort.sections["case_id"].map(lambda c: _place(folder, c) is not None)
        sections = cohort.sections[there.to_numpy(bool)]
        kept = cohort.biopsies["biopsy_id"].isin(list(sections["biopsy_id"]))
        cohort = Cohort(sections, cohort.biopsies[kept].reset_index(drop=True), cohort.flags)
    sections = cohort.sections
    places = {c: _place(folder, c) for c in sections["case_id"]}
    absent = [c for c, place in places.items() if place is None]
    if absent:
        more = f" and {len(absent) - 5} more" if len(absent) > 5 else ""
        raise InputError(
            f"no features of {', '.join(absent[:5])}{more} are in this study; run 'ssc skin features' again",
            source=folder,
            private=absent,
        )
    found: list[tuple[str, int, FeatureSet]] = []
    where: dict[tuple[str, int], Path] = {}
    rows = list(zip(sections["biopsy_id"], sections["section"], sections["case_id"], strict=True))
    for biopsy, section, case in track(rows, tick, "reading features"):
        place = places[case]
        assert place is not None
        where[str(biopsy), int(section)] = place
        found.append((str(biopsy), int(section), read_features(place)))
    patches = gather(found).of(cohort.biopsies["biopsy_id"])
    return Study(folder, cohort, patches, where)


def read_cohort_table(folder: Path, manifest: str | Path | None) -> Cohort:
    """The cohort's table, from `manifest` or from the study.

    Raises
    ------
    InputError
        If there is none.
    """
    path = folder / BIOPSY_TABLE if manifest is None else Path(manifest)
    if manifest is None and not path.is_file():
        raise InputError(f"the study has no {BIOPSY_TABLE}; name the manifest with --manifest", source=folder)
    return read_cohort(path, slides=False)


def _place(folder: Path, case_id: str) -> Path | None:
    for pattern in _PLACES:
        path = folder / pattern.format(case_id)
        if (path / ABOUT).is_file():
            return path
    return None
