"""A study of phantom biopsies: patients, visits, skin scores, and their slides.

The default has the shape of the secondary cohort of Correia et al. 2020: 60 patients with 148 biopsies at
0, 6, 12, 24 and 36 months, and 16 controls with one each.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ssc_core.errors import InputError
from ssc_core.io.roi import Roi, write_rois
from ssc_core.phantoms.biopsy.biopsy import Biopsy
from ssc_core.phantoms.biopsy.slide import write_slide
from ssc_core.phantoms.biopsy.stain import MASSON, ScannerSpec, StainSpec
from ssc_core.progress import Tick, share, silent
from ssc_core.seeds import seed_of

__all__ = ["ANALYSIS_MPP", "MANIFEST_COLUMNS", "cohort", "cohort_biopsy", "write_cohort"]

ANALYSIS_MPP = 400.0 / 227.0
"""Pixel size (um) at which a field of 0.4 mm has the 227 pixels that AlexNet takes."""

MANIFEST_COLUMNS = (
    "biopsy_id", "patient_id", "slide", "roi", "visit_months", "status", "mrss", "local_skin_score", "age",
    "sex", "race", "subset", "duration_months", "autoantibodies", "site", "stain_batch",
)  # fmt: skip
_BATCHES = 4


def cohort(
    n_patients: int = 60,
    n_controls: int = 16,
    n_biopsies: int | None = None,
    *,
    schedule: Sequence[int] = (0, 6, 12, 24, 36),
    seed: int = 0,
) -> pd.DataFrame:
    """Draw a study.

    Fibrosis of a patient starts anywhere between mild and severe and moves from visit to visit; the mRSS
    follows it with the scatter of a clinical score (r about 0.65 among patients), the local skin score
    likewise in four steps. Controls have little fibrosis and score 0. Stain batches know of neither.

    Parameters
    ----------
    n_patients, n_controls : int
        People; a control has one biopsy.
    n_biopsies : int, optional
        Of patients and controls together; 148/60 per patient by default, as in the paper.
    schedule : sequence of int
        Months of the visits.
    seed : int
        Of the study.

    Returns
    -------
    DataFrame
        One row per biopsy: the manifest's columns without `slide` and `roi`, and the known `fibrosis`.

    Raises
    ------
    InputError
        If the biopsies do not fit the people and visits.
    """
    most = n_patients * len(schedule)
    of_patients = round(n_patients * 148 / 60) if n_biopsies is None else n_biopsies - n_controls
    if n_biopsies is None:
        of_patients = min(most, max(n_patients, of_patients))
    if n_patients < 0 or n_controls < 0 or not n_patients <= of_patients <= most:
        raise InputError(
            f"{of_patients} biopsies do not fit {n_patients} patients with 1 to {len(schedule)} visits each"
        )
    rng = np.random.default_rng(seed_of(seed, "biopsy cohort"))
    visits = _visits(rng, n_patients, of_patients, len(schedule))
    rows = [r for p in range(n_patients) for r in _patient(rng, p, visits[p], schedule)]
    rows += [_control(rng, n_patients + c) for c in range(n_controls)]
    table = pd.DataFrame(rows)
    table.insert(0, "biopsy_id", [f"B{i + 1:04d}" for i in range(len(table))])
    return table


def _visits(rng: np.random.Generator, n: int, total: int, most: int) -> list[int]:
    counts = [1] * n
    while sum(counts) < total:
        k = int(rng.integers(n))
        counts[k] = min(most, counts[k] + 1)
    return counts


def _patient(
    rng: np.random.Generator, index: int, visits: int, schedule: Sequence[int]
) -> list[dict[str, object]]:
    person = _person(rng, index, age=(50.0, 11.0), women=0.87, white=0.75)
    base = float(0.2 + 0.75 * rng.beta(1.3, 1.5))
    habit = rng.normal(0.0, 3.0)  # how high this patient is scored
    course = rng.normal(-0.05, 0.12)  # change per year
    duration = float(np.clip(rng.gamma(2.0, 9.0), 1.0, 120.0))
    antibody = str(
        rng.choice(["topoisomerase I", "RNA polymerase III", "centromere", "none"], p=[0.3, 0.3, 0.1, 0.3])
    )
    subset = "diffuse" if base > 0.3 or rng.random() < 0.5 else "limited"
    rows = []
    for months in schedule[:visits]:
        fibrosis = float(np.clip(base + course * months / 12.0 + rng.normal(0.0, 0.05), 0.12, 1.0))
        mrss = int(np.clip(np.rint(1.0 + 36.0 * fibrosis + habit + rng.normal(0.0, 9.0)), 1, 51))
        local = int(np.clip(np.rint(3.2 * fibrosis + rng.normal(0.0, 0.6)), 0, 3))
        rows.append({
            **person, "visit_months": months, "status": "SSc", "mrss": mrss, "local_skin_score": local,
            "subset": subset, "duration_months": round(duration + months, 1), "autoantibodies": antibody,
            "site": "forearm", "stain_batch": _batch(rng), "fibrosis": round(fibrosis, 4),
        })  # fmt: skip
    return rows


def _control(rng: np.random.Generator, index: int) -> dict[str, object]:
    return {
        **_person(rng, index, age=(42.0, 12.0), women=0.81, white=0.75),
        "visit_months": 0, "status": "control", "mrss": 0,
        "local_skin_score": 0, "subset": "", "duration_months": np.nan, "autoantibodies": "",
        "site": "forearm", "stain_batch": _batch(rng), "fibrosis": round(float(rng.uniform(0.0, 0.1)), 4),
    }  # fmt: skip


def _batch(rng: np.random.Generator) -> str:
    return f"batch-{int(rng.integers(_BATCHES)) + 1}"


def _person(
    rng: np.random.Generator, index: int, *, age: tuple[float, float], women: float, white: float
) -> dict[str, object]:
    return {
        "patient_id": f"P{index + 1:03d}",
        "age": int(np.clip(np.rint(rng.normal(*age)), 18, 85)),
        "sex": "F" if rng.random() < women else "M",
        "race": "white" if rng.random() < white else str(rng.choice(["black", "asian", "other"])),
    }


def cohort_biopsy(row: pd.Series[Any], *, seed: int = 0, size_mm: tuple[float, float] = (1.6, 3.0)) -> Biopsy:
    """The biopsy of one row of :func:`cohort`: hue and scanner belong to its batch, the rest to the slide.

    Parameters
    ----------
    row : Series
        With `biopsy_id`, `stain_batch` and `fibrosis`.
    seed : int
        Of the study.
    size_mm : (height, width)
        Of the tissue.
    """
    batch = np.random.default_rng(seed_of(seed, "stain batch", str(row["stain_batch"])))
    stain: StainSpec = MASSON.varied(batch, 0.7)
    scanner: ScannerSpec = ScannerSpec().varied(batch)
    own = seed_of(seed, "biopsy", str(row["biopsy_id"]))
    slide = np.random.default_rng(seed_of(own, "staining"))
    return Biopsy(
        own, float(str(row["fibrosis"])), size_mm, stain.varied(slide, 0.9), scanner.varied(slide, 0.3)
    )


def write_cohort(
    folder: str | Path,
    table: pd.DataFrame,
    *,
    seed: int = 0,
    mpp: float = ANALYSIS_MPP,
    size_mm: tuple[float, float] = (1.6, 3.0),
    tick: Tick = silent,
) -> Path:
    """Write the slides of `table`, their dermis as GeoJSON, ``manifest.csv`` and ``truth.csv``.

    Parameters
    ----------
    folder : path-like
        Made when it does not exist.
    table : DataFrame
        From :func:`cohort`.
    seed : int
        Of the study.
    mpp : float
        Pixel size of the slides in um; the analysis resolution by default, which is fast.
    size_mm : (height, width)
        Of the tissue.
    tick : Tick
        Told after every slide.

    Returns
    -------
    Path
        The manifest. The known answers are in ``truth.csv`` beside it and in no other file.
    """
    folder = Path(folder)
    (folder / "slides").mkdir(parents=True, exist_ok=True)
    (folder / "rois").mkdir(exist_ok=True)
    manifest, truths = [], []
    for i, (_, row) in enumerate(table.iterrows()):
        name = str(row["biopsy_id"])
        biopsy = cohort_biopsy(row, seed=seed, size_mm=size_mm)
        placed = write_slide(
            biopsy, folder / "slides" / f"{name}.svs", mpp=mpp, tick=share(tick, i, i + 1, len(table))
        )
        outline = biopsy.dermis_px(mpp, placed.offset)
        write_rois(folder / "rois" / f"{name}.geojson", [Roi(outline, "", "dermis")])
        manifest.append({**row, "slide": f"slides/{name}.svs", "roi": f"rois/{name}.geojson"})
        truths.append({"biopsy_id": name, **biopsy.truth.as_row()})
    pd.DataFrame(manifest, columns=list(MANIFEST_COLUMNS)).to_csv(folder / "manifest.csv", index=False)
    pd.DataFrame(truths).to_csv(folder / "truth.csv", index=False, float_format="%.6g")
    return folder / "manifest.csv"
