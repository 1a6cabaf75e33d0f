"""``ssc lung synthesise``: ground glass and reticulation inserted into healthy slices, with exact scores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ssc_core.cli.running import Out, bar
from ssc_core.errors import EmptyError, InputError
from ssc_core.lung.synthesis.params import StudyParams

if TYPE_CHECKING:
    from ssc_core.lung.case import LungCase

__all__ = ["synthesise"]

Options = Annotated[StudyParams, Parameter(name="*")]
_DEFAULT = StudyParams()


def synthesise(
    source: Path | None = None,
    /,
    *,
    out: Out,
    mask: Path | None = None,
    seeds: Path | None = None,
    params: Options = _DEFAULT,
) -> None:
    """Insert ground glass and reticulation into healthy slices; write images, exact scores, a contact sheet.

    The result is a manifest for 'ssc lung train-scores' too.

    Parameters
    ----------
    source
        A CT WITHOUT lung disease (DICOM folder, NIfTI, NRRD, MHA), a folder of such CTs, or a manifest (CSV).
        Leave it away to use --phantoms alone.
    mask
        Lung mask of the one CT (1 right, 2 left lung); without it the lungs are found.
    seeds
        CSV of patches to cut the patterns from: case_id, pattern (gg or ret), ct, slice, y, x, height, width.
        Without it the patterns are generated.
    """
    from ssc_core.cohort import read_manifest
    from ssc_core.io.output import staged
    from ssc_core.lung.synthesis.run import run_synthesis
    from ssc_core.lung.synthesis.seeds import SeedRow, cut_seeds

    if source is None and params.phantoms == 0:
        raise InputError("give a CT without lung disease, a folder of such CTs, or --phantoms 4")
    cases = [] if source is None else _cases(source, mask)
    bank = None if seeds is None else cut_seeds(read_manifest(seeds, SeedRow))
    with bar() as tick, staged(out) as folder:
        done = run_synthesis(cases, folder, params, seeds=bank, tick=tick)
    for name in ("tot", "gg", "ret"):
        part = done.table[name]
        print(f"{name.upper()}: mean {part.mean():.1f} %, {part.min():.1f} to {part.max():.1f} %")
    for flag in done.flags:
        print(f"note: {flag}")
    print(f"{len(done.table)} slices in {out}; look at {out / 'contact.png'} first")


def _cases(source: Path, mask: Path | None) -> list[LungCase]:
    """The CTs that are meant: one, all of a folder, or those of a manifest."""
    from ssc_core.cohort import read_manifest
    from ssc_core.lung.case import LungCase, discover

    if source.suffix.lower() == ".csv":
        return read_manifest(source, LungCase)
    if not source.exists():
        raise InputError("there is no such CT or folder; check the path", source=source)
    found = discover(source) if source.is_dir() else [LungCase(case_id="case-0001", ct=source)]
    if not found:
        raise EmptyError("no CT lies in this folder; name another", source=source)
    if mask is None:
        return found
    if len(found) > 1:
        raise InputError("--mask belongs to one CT and the folder holds several; use a manifest", source=mask)
    return [found[0].model_copy(update={"mask": mask})]
