"""Which series a DICOM folder holds, and which is meant. Several candidates are listed, never guessed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ssc_core.errors import ChoiceNeeded, EmptyError, FormatError, InputError
from ssc_core.io.volume.headers import Slice, read_slices
from ssc_core.io.volume.stack import median_gap
from ssc_core.progress import Tick, silent, track

__all__ = ["Series", "choose", "list_series"]

ONE_SLICE = "one slice only"


@dataclass(frozen=True)
class Series:
    """One series of a folder.

    Parameters
    ----------
    index : int
        Its number in the listing, from 1: what ``--series`` takes. 0 for what can never be a volume.
    uid : str
        SeriesInstanceUID, which ``--series`` takes as well.
    slices : tuple of Slice
        Its images, unordered.
    excluded : str
        Why it is not a candidate, "" for one that is.
    """

    index: int
    uid: str
    slices: tuple[Slice, ...]
    excluded: str = ""

    @property
    def kernel(self) -> str:
        """Convolution kernel."""
        return str(self.slices[0].facts.get("kernel", ""))

    @property
    def spacing(self) -> tuple[float | None, float | None, float | None]:
        """Slice distance, row and column spacing in mm, where known."""
        inside = self.slices[0].spacing
        dy, dx = inside if inside is not None else (None, None)
        return median_gap(self.slices), dy, dx

    @property
    def description(self) -> str:
        """SeriesDescription: free text, for the screen only."""
        return self.slices[0].description

    def __str__(self) -> str:
        rows, columns = self.slices[0].shape
        n = len(self.slices)
        spacing = " x ".join("?" if s is None else f"{s:.4g}" for s in self.spacing)
        parts = [f"{n} image{'s' if n > 1 else ''} {rows} x {columns}", f"{spacing} mm"]
        parts += [f"kernel {self.kernel}"] * bool(self.kernel)
        parts += ["contrast"] * (self.slices[0].facts.get("contrast") == "yes")
        parts += [f"'{self.description}'"] * bool(self.description)
        parts += [f"excluded: {self.excluded}"] * bool(self.excluded)
        return f"{self.index or '-'}: {', '.join(parts)}"


def list_series(folder: str | Path, *, tick: Tick = silent) -> tuple[Series, ...]:
    """Every series in a folder and its subfolders, or in one file.

    Parameters
    ----------
    folder : path-like
        A folder of DICOM files (with or without extension), or one DICOM file.
    tick : Tick
        Told how many files are read.

    Returns
    -------
    tuple of Series
        In an order that does not depend on file names: candidates first, then what may be taken when named,
        then what is no CT volume, each with its reason.

    Raises
    ------
    FormatError
        If a DICOM file is truncated.
    EmptyError
        If there is no DICOM image at all.
    """
    path = Path(folder)
    hidden = "."  # what macOS leaves beside every copied file
    everything = sorted(path.rglob("*")) if path.is_dir() else [path]
    files = [p for p in everything if p.is_file() and not (p != path and p.name.startswith(hidden))]
    groups: dict[tuple[str, str, bool], list[Slice]] = defaultdict(list)
    for file in track(files, tick, "reading headers"):
        for s in read_slices(file) or []:
            groups[s.series, s.excluded, s.acceptable].append(s)
    if not groups:
        found = f"{len(files)} other files" if len(files) != 1 else "one other file"
        text = (
            f"no DICOM image was found ({found}); give the folder of a CT series, or a .nii.gz, .nrrd or .mha"
        )
        raise (
            EmptyError(text, source=path)
            if path.is_dir()
            else FormatError(
                "this is not a DICOM image; give the folder of a CT series, or a .nii.gz, .nrrd or .mha",
                source=path,
            )
        )
    candidates = sum(1 for _, excluded, _ in groups if not excluded)
    found_series = [
        Series(0, uid, tuple(members), excluded or _too_little(members, candidates))
        for (uid, excluded, _), members in groups.items()
    ]
    ordered = sorted(found_series, key=_rank)
    takeable = [s for s in ordered if s.slices[0].acceptable]
    numbered = {id(s): i for i, s in enumerate(takeable, 1)}
    return tuple(replace(s, index=numbered.get(id(s), 0)) for s in ordered)


def _too_little(members: Sequence[Slice], candidates: int) -> str:
    """Why a series beside others is none that anybody means."""
    if candidates < 2:
        return ""
    if len(members) == 1:
        return ONE_SLICE
    gap = median_gap(members)
    return "all slices at one place (bolus monitoring)" if gap is not None and gap < 0.01 else ""


def _rank(s: Series) -> tuple[bool, bool, int, str, str]:
    return not s.slices[0].acceptable, bool(s.excluded), s.slices[0].number, s.uid, s.excluded


def choose(
    found: Sequence[Series], series: int | str | None, source: Path, *, allow_single: bool = False
) -> Series:
    """The one series that is meant.

    Parameters
    ----------
    found : sequence of Series
        From :func:`list_series`.
    series : int, str or None
        Its number in the listing or its UID; None takes the only candidate.
    source : Path
        For messages.
    allow_single : bool
        Count a series of one slice as a candidate.

    Raises
    ------
    ChoiceNeeded
        If there are several candidates and none is named.
    EmptyError, InputError
        If there is none, or the name fits none.
    """
    listing = "; ".join(str(s) for s in found)
    private = [s.description for s in found] + [s.uid for s in found]
    if series is not None:
        wanted = str(series).strip()
        for s in found:
            if s.index and wanted in (str(s.index), s.uid):
                return s
        raise InputError(
            f"there is no CT series '{wanted}' here; the series are: {listing}",
            source=source,
            private=[*private, wanted],
        )
    candidates = [s for s in found if not s.excluded or (allow_single and s.excluded == ONE_SLICE)]
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        raise ChoiceNeeded(
            f"{len(candidates)} CT series were found, name one with --series N: {listing}",
            source=source,
            private=private,
        )
    if any(s.index for s in found):
        raise ChoiceNeeded(
            "none of the series here is a whole original CT series, name one with --series N to use it"
            f" anyway: {listing}",
            source=source,
            private=private,
        )
    raise EmptyError(f"no CT series was found: {listing}", source=source, private=private)
