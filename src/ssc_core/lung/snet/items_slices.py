"""Cut the scored slices out of their CTs, once, beside the run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ssc_core.errors import EmptyError, InputError, SscError
from ssc_core.geometry import Frame
from ssc_core.io.digest import file_digest
from ssc_core.io.volume import Volume, open_volume
from ssc_core.lung.goh.planes import planes
from ssc_core.lung.goh.scorer import facts_of_ct
from ssc_core.lung.lnet.digests import digest_of_files, joined
from ssc_core.lung.snet.inputs import fit_matrix
from ssc_core.lung.snet.items_known import KnownScore, ScoreCase, known_scores, slice_of
from ssc_core.lung.snet.params import ScoreTrainParams
from ssc_core.lung.synthesis.slices import LungSlice, lungs_of
from ssc_core.progress import Tick, share, silent
from ssc_core.training.state import replace_file

__all__ = ["Extracted", "Scored", "extracted"]


@dataclass(frozen=True)
class Scored:
    """One slice with its scores.

    Parameters
    ----------
    case_id, patient : str
        Neutral names.
    level : int
        1-5, or 0.
    slice : int
        In the CT, from 0 at the feet.
    offset : int
        0 for the slice that was scored, -1 or 1 for a neighbour that shares its scores.
    z_mm, height : float
        Height in the patient, and in the lungs (0 base, 1 apex; NaN where unknown).
    spacing_mm : tuple of float
        (z, y, x) of the CT.
    scores : tuple of float
        TOT, GG, RET, percent.
    path : Path
        ``.npy`` int16 (2, y, x): HU and lung, on the network's matrix.
    """

    case_id: str
    patient: str
    level: int
    slice: int
    offset: int
    z_mm: float
    height: float
    spacing_mm: tuple[float, float, float]
    scores: tuple[float, float, float]
    path: Path

    def pixels(self) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.bool_]]:
        """HU and lung, (y, x)."""
        both = np.load(self.path, mmap_mode="r", allow_pickle=False)
        return np.asarray(both[0]), np.asarray(both[1]) > 0

    def lung_slice(self) -> LungSlice:
        """As synthesis takes it."""
        hu, lung = self.pixels()
        frame = Frame(self.spacing_mm, (self.z_mm, 0.0, 0.0))
        return LungSlice(self.case_id, self.patient, hu, lung, frame, self.height)


@dataclass(frozen=True)
class Extracted:
    """All slices of a training, what was said of their CTs, digests of CTs and score tables."""

    slices: tuple[Scored, ...]
    facts: tuple[dict[str, Any], ...]
    digests: dict[str, str]
    flags: tuple[str, ...]


def extracted(
    cases: Sequence[ScoreCase], folder: Path, params: ScoreTrainParams, tick: Tick = silent
) -> Extracted:
    """Cut the scored slices of all CTs; those of an earlier call are taken as they are.

    Parameters
    ----------
    cases : sequence of ScoreCase
        Which.
    folder : Path
        For the slices; names are digests.
    params : ScoreTrainParams
        Matrix, reader, session, neighbours.
    tick : Tick
        Progress.

    Raises
    ------
    InputError
        That lists all cases that cannot be used.
    EmptyError
        If there is no case.
    """
    if not cases:
        raise EmptyError("there is no case to train on; add rows to the manifest")
    folder.mkdir(parents=True, exist_ok=True)
    slices: list[Scored] = []
    facts, flags, digests, problems = [], [], [], []
    for i, case in enumerate(cases):
        part = share(tick, i / len(cases), (i + 1) / len(cases))
        part(0, 1, "scored slices")
        try:
            known, told = known_scores(case, params.reader, params.session)
            found, fact, digest = _of_case(case, known, folder, params, part)
        except InputError as error:
            problems.append((f"{case.case_id}: {error.message}", error))
            continue
        slices += found
        facts.append(fact)
        flags += told
        digests.append(digest)
    if problems:
        private = [p for _, error in problems for p in error.private]
        text = "\n  ".join(line for line, _ in problems)
        raise InputError(f"{len(problems)} cases cannot be trained on:\n  {text}", private=private)
    tables = joined({file_digest(case.scores) for case in cases})
    return Extracted(tuple(slices), tuple(facts), {"ct": joined(digests), "scores": tables}, tuple(flags))


def _of_case(
    case: ScoreCase, known: Sequence[KnownScore], folder: Path, params: ScoreTrainParams, tick: Tick
) -> tuple[list[Scored], dict[str, Any], str]:
    series: Any = int(case.series) if case.series and case.series.isdigit() else case.series
    image = open_volume(
        case.ct,
        series=series,
        series_rule=case.series_rule,
        resample_gaps=case.resample_gaps,
        allow_single=True,
    )
    digest = digest_of_files(image.files)
    places = [slice_of(one, image) for one in known]
    wanted = sorted({z for z, _ in places} | {n for z, _ in places for n in _neighbours(z, image, params)})
    mask = "" if case.mask is None else file_digest(case.mask)
    key = hashlib.sha256(json.dumps([digest, mask, wanted, params.matrix]).encode()).hexdigest()[:24]
    note = folder / f"{key}.json"
    if not note.is_file():  # written last, so that slices with a note are whole
        ends = _cut(case, image, wanted, folder, key, params.matrix, tick)
        replace_file(note, json.dumps({"ends": ends}, sort_keys=True).encode())
    low, high = json.loads(note.read_text(encoding="utf-8"))["ends"]
    out = []
    for one, (z, z_mm) in zip(known, places, strict=True):
        for at in (z, *_neighbours(z, image, params)):
            path = folder / f"{key}-{at:05d}.npy"
            height = (at - low) / (high - low) if high > low else float("nan")
            spacing = image.frame.spacing
            place = z_mm + (at - z) * spacing[0]
            out.append(
                Scored(
                    case.case_id, case.who, one.level, at, at - z, place, height,
                    (spacing[0], spacing[1], spacing[2]), one.values, path,
                )
            )  # fmt: skip
    fact = {**facts_of_ct(image), "spacing_mm": max(image.frame.spacing[1:])}
    return out, fact, digest


def _neighbours(z: int, image: Volume, params: ScoreTrainParams) -> list[int]:
    """The slices above and below, if they lie near enough to show the same."""
    if image.frame.spacing[0] > params.neighbours_mm:
        return []
    return [n for n in (z - 1, z + 1) if 0 <= n < image.shape[0]]


def _cut(
    case: ScoreCase, image: Volume, wanted: Sequence[int], folder: Path, key: str, matrix: int, tick: Tick
) -> tuple[int, int]:
    """Write the slices; returns the first and last slice that shows lung."""
    try:
        lungs = lungs_of(case, image, tick=tick)
    except SscError as error:
        if case.mask is None and image.shape[0] < 3:
            raise InputError(
                "lungs are not sought in so few slices; name a lung mask in the manifest"
            ) from error
        raise
    for part, hu in planes(image, wanted):
        for z, plane in zip(part, hu, strict=True):
            if not lungs[z].any():
                raise InputError(f"slice {z} was scored, and the lung mask shows no lung there")
            fitted, lung = fit_matrix(plane[None], lungs[z][None], matrix)
            both = np.stack([np.rint(fitted[0]), lung[0]]).astype(np.int16)
            with (folder / f"{key}-{z:05d}.npy").open("wb") as file:
                np.save(file, both, allow_pickle=False)
    filled = np.flatnonzero(lungs.any(axis=(1, 2)))
    return int(filled[0]), int(filled[-1])
