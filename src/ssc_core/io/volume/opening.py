"""One door for every CT volume."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import MappingProxyType

from ssc_core.errors import FormatError, GeometryError, InputError
from ssc_core.geometry import Frame
from ssc_core.io.volume.dicom import dicom_padding, dicom_pixels, require_rescale
from ssc_core.io.volume.dicomfile import DICOM_ENDINGS
from ssc_core.io.volume.gridding import on_grid
from ssc_core.io.volume.itkfile import ITK_ENDINGS, itk_volume
from ssc_core.io.volume.nifti import nifti_pixels, read_nifti_header
from ssc_core.io.volume.orientation import require_orthogonal
from ssc_core.io.volume.rule import choose_series
from ssc_core.io.volume.series import Series, choose, list_series
from ssc_core.io.volume.stack import stacked
from ssc_core.io.volume.volume import Volume
from ssc_core.io.volume.zarrfile import is_zarr, zarr_volume
from ssc_core.progress import Tick, silent

__all__ = ["open_volume"]

_ARCHIVES = (".tar", ".tgz", ".zip", ".7z", ".rar", ".xz", ".bz2")
_ANALYZE = (".hdr", ".img")


def open_volume(
    path: str | Path,
    *,
    series: int | str | None = None,
    series_rule: str | None = None,
    allow_single: bool = False,
    resample_gaps: bool = False,
    tick: Tick = silent,
) -> Volume:
    """Open a CT: a DICOM folder, a multi-frame DICOM file, NIfTI, NRRD, MetaImage or our own OME-Zarr.

    Parameters
    ----------
    path : path-like
        A folder that holds DICOM files (searched with its subfolders), or a file.
    series : int or str, optional
        Which series of a DICOM folder: its number in the listing, or its UID.
    series_rule : str, optional
        How to choose among several series where none is named, as "thinnest axial" (see
        :func:`~ssc_core.io.volume.rule.choose_series`). The choice is written into the warnings.
    allow_single : bool, optional
        Accept one single slice. Its thickness then stands for the slice distance.
    resample_gaps : bool, optional
        Fill missing slices of a DICOM series by linear interpolation along the slice axis; the filled slices
        are listed in the warnings.
    tick : Tick, optional
        Told how many DICOM headers are read.

    Returns
    -------
    Volume
        HU on demand, axes (z, y, x), mm, LPS. Only headers have been read.

    Raises
    ------
    FormatError
        Another type than it claims, truncated, unreadable. The end of a compressed file is only seen when
        its voxels are decoded.
    ChoiceNeeded
        Several series; the message lists them.
    GeometryError
        Missing, doubled, unevenly spaced or sheared slices, or no orientation; names the slice files.
    ScaleUnknown, InputError, EmptyError
        No voxel size; values that are not HU; nothing to open.
    """
    path = Path(path)
    _require_readable(path)
    if is_zarr(path):
        return zarr_volume(path)
    if path.is_dir() or _is_dicom(path):
        found = list_series(path, tick=tick)
        if series is None and series_rule:
            chosen, reason = _by_rule(found, series_rule, path)
        else:
            chosen, reason = choose(found, series, path, allow_single=allow_single), ()
        volume = _open_series(chosen, path, allow_single, resample_gaps)
        return volume.with_warnings(*reason, *_left_out(found, chosen))
    if series is not None:
        raise InputError("--series only applies to DICOM; leave it out for this file", source=path)
    name = path.name.lower()
    if name.endswith((".nii", ".nii.gz")):
        header = read_nifti_header(path)
        files: tuple[Path, ...] = (path,)
        pixels, frame, kind, warnings = (
            nifti_pixels(path, header),
            header.frame,
            "NIfTI file",
            header.warnings,
        )
    elif path.suffix.lower() in ITK_ENDINGS:
        pixels, frame, files = itk_volume(path)
        kind, warnings = f"{path.suffix[1:].upper()} file", ()
    else:
        raise FormatError(_unknown(name), source=path)
    _require_several(pixels.shape[0], pixels.shape, allow_single, path)
    require_orthogonal(frame, path)
    return Volume(pixels, _plausible(frame, path), kind, files, MappingProxyType({}), warnings)


def _by_rule(found: tuple[Series, ...], rule: str, path: Path) -> tuple[Series, tuple[str, ...]]:
    try:
        choice = choose_series(found, rule)
    except InputError as error:
        raise type(error)(error.message, source=path, private=error.private) from error
    return choice.series, (choice.reason,)


def _open_series(found: Series, path: Path, allow_single: bool, resample_gaps: bool) -> Volume:
    stack = stacked(found.slices, path, allow_single=allow_single, resample_gaps=resample_gaps)
    slices = stack.slices
    warnings = [*require_rescale(slices, path), *stack.warnings]
    if found.excluded and len(slices) > 1:
        warnings.append(f"the series was named although it is {found.excluded}")
    if len(slices) == 1 and "slice thickness (mm)" not in slices[0].facts:
        warnings.append("the single slice names no thickness; 1 mm was taken, so it has areas but no volume")
    padding, more = dicom_padding(slices)
    pixels, padding, filled = on_grid(stack, dicom_pixels(slices), padding)
    files = tuple(sorted({s.file for s in slices}))
    n = len(files)
    kind = f"DICOM series of {n} files" if n > 1 else f"DICOM file of {len(slices)} slices"
    return Volume(
        pixels,
        _plausible(stack.frame, path),
        kind,
        files,
        MappingProxyType(dict(slices[0].facts)),
        (*warnings, *more, *filled),
        padding,
    )


def _left_out(found: tuple[Series, ...], chosen: Series) -> tuple[str, ...]:
    """One sentence about the other series, free of names."""
    reasons = Counter(s.excluded or "another candidate" for s in found if s is not chosen)
    if not reasons:
        return ()
    told = ", ".join(f"{n} {reason}" for reason, n in sorted(reasons.items()))
    return (f"other series of the folder were left out: {told}",)


def _require_readable(path: Path) -> None:
    if not path.exists():
        raise FormatError("there is no such file or folder; check the path", source=path)
    if path.is_dir():
        return
    if path.name.lower().endswith(_ARCHIVES):
        raise FormatError("archives are not read; unpack it and give the folder", source=path)
    try:
        with path.open("rb") as file:
            if not file.read(1):
                raise FormatError("the file is empty (0 bytes); copy it again", source=path)
    except OSError as error:
        raise FormatError(
            f"the file cannot be read ({(error.strerror or 'error').lower()})", source=path
        ) from error


def _is_dicom(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM" or path.suffix.lower() in DICOM_ENDINGS


def _unknown(name: str) -> str:
    if name.endswith(_ANALYZE):
        return (
            "Analyze and .hdr/.img pairs are not read, since left and right are unknown in them; use .nii.gz"
        )
    return "this type of file is not read as CT; give a DICOM folder, .nii, .nii.gz, .nrrd, .mha or .mhd"


def _require_several(slices: int, shape: tuple[int, ...], allowed: bool, path: Path) -> None:
    if min(shape) < 2 and not (allowed and slices == 1):
        raise GeometryError(
            f"the file holds a single slice ({' x '.join(map(str, shape))}), and a volume needs several",
            source=path,
        )


def _plausible(frame: Frame, path: Path) -> Frame:
    """Refuse voxel sizes that no CT has: they come from a wrong unit or a placeholder."""
    if not all(0.01 <= s <= 100 for s in frame.spacing):
        size = " x ".join(f"{s:.4g}" for s in frame.spacing)
        raise GeometryError(
            f"a voxel of {size} mm is no CT's; the unit of the spacing is wrong, convert the CT again",
            source=path,
        )
    return frame
