"""``ssc agree``: agreement between readers, or between readers and software."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from ssc_core.agree.params import AgreeParams
from ssc_core.cli.running import Out, bar
from ssc_core.errors import ChoiceNeeded, InputError
from ssc_core.io.digest import file_digest
from ssc_core.io.output import staged

__all__ = ["app"]

app = App(name="agree", result_action="return_value")
Options = Annotated[AgreeParams, Parameter(name="*")]
Format = Literal["svg", "pdf", "png"]
Formats = Annotated[list[Format] | None, Parameter(name="--format", negative="")]
Many = Parameter(consume_multiple=True, negative="")
_DEFAULT = AgreeParams()


@app.default
def agree(
    first: Path | None = None,
    second: Path | None = None,
    /,
    *,
    out: Out,
    readers: Annotated[list[Path] | None, Many] = None,
    reference: Path | None = None,
    against: str = "",
    names: Annotated[list[str] | None, Many] = None,
    subset: Path | None = None,
    formats: Formats = None,
    params: Options = _DEFAULT,
) -> None:
    """Compare readings: MAE, kappa, ICC, CCC, limits of agreement, with intervals, p values and figures.

    Differences are SECOND minus FIRST, so let the first file be the reference. Files are CSV with the columns
    patient, level (Goh), and tot gg ret, area_mm2, score or z_mm; optionally rater, session, visit, image,
    lesion.

    Parameters
    ----------
    first
        CSV of the reference, or of one reader.
    second
        CSV of the other reader, or of the software.
    readers
        Several CSV files instead: readers within a session, sessions within a reader.
    reference
        CSV of the consensus, with --readers.
    against
        Reader (or software) whose errors are tested against those of the others, with --reference.
    names
        Names of the files' readers, in their order, where the files have no column rater.
    subset
        CSV of the patients to keep.
    formats
        Of the figures; may be given several times, all three by default.
    """
    from ssc_core.agree.engine import agree as compare_two
    from ssc_core.agree.engine import agree_readers
    from ssc_core.agree.save import FORMATS, save
    from ssc_core.agree.tables import paper_table

    _check(first, second, readers, reference)
    files = readers or [f for f in (first, second) if f is not None]
    default = [f"reader {i + 1}" for i in range(len(files))] if readers else ["A", "B"]
    if names is not None and len(names) != len(files):
        raise InputError(f"--names has {len(names)} names for {len(files)} files; give one each")
    given = _read(files, names or default, params, subset)
    truth = _read([reference], ["reference"], params, subset) if reference else []
    inputs = {f"readings {i + 1}": file_digest(f) for i, f in enumerate(files)}
    inputs |= {role: file_digest(f) for role, f in (("reference", reference), ("subset", subset)) if f}
    with bar() as tick, staged(out) as folder:
        if readers:
            one = truth[0] if truth else None
            if len(truth) > 1:
                raise ChoiceNeeded(
                    "it holds several raters or sessions; give one as reference", source=reference
                )
            result = agree_readers(given, params, reference=one, against=against, tick=tick)
        else:
            if len(given) != 2:
                raise ChoiceNeeded("a file holds several raters or sessions; use --readers for them")
            result = compare_two(given[0], given[1], params, tick=tick)
        save(result, folder, inputs, formats=tuple(formats or FORMATS), tick=tick)
    print(paper_table(result).T.to_string(header=False))
    print()
    for warning in result.warnings:
        print(f"note: {warning}")
    print(f"Result: {out}")


@app.command
def cohort(patients: Path, /, *, out: Out, by: str | None = None, formats: Formats = None) -> None:
    """Describe the patients: the table of characteristics that opens a paper.

    Parameters
    ----------
    patients
        CSV with one row per patient.
    by
        Column whose values become the table's columns.
    formats
        Of the figure; may be given several times, all three by default.
    """
    from ssc_core.agree.cohort_table import cohort_table
    from ssc_core.agree.reading import read_table
    from ssc_core.agree.save import FORMATS, save_cohort

    table = read_table(patients)
    if by is not None and by.lower() not in table.columns:
        raise InputError(f"--by {by}: there is no such column", source=patients)
    if "patient" in table.columns and table["patient"].duplicated().any():
        raise InputError("a patient has several rows; give one row per patient", source=patients)
    described = cohort_table(table, by.lower() if by else None)
    with staged(out) as folder:
        save_cohort(described, folder, {"patients": file_digest(patients)}, formats=tuple(formats or FORMATS))
    print(described.to_string(index=False))
    for name in described.attrs["left_out"]:
        print(f"note: {name} was left out (free text with many values)")
    print(f"Result: {out}")


def _read(files: list[Path], names: list[str], params: AgreeParams, subset: Path | None) -> list:  # type: ignore[type-arg]
    from ssc_core.agree.engine import only_patients
    from ssc_core.agree.kinds import kind_named
    from ssc_core.agree.reading import read_patients, read_readings

    kind = kind_named(params.kind)
    found = [r for f, name in zip(files, names, strict=True) for r in read_readings(f, kind, name)]
    return [only_patients(r, read_patients(subset)) for r in found] if subset else found


def _check(
    first: Path | None,
    second: Path | None,
    readers: list[Path] | None,
    reference: Path | None,
) -> None:
    if (first is None) == (readers is None) or (first is not None and second is None):
        raise InputError("give two CSV files, or several with --readers")
    if reference is not None and readers is None:
        raise InputError("--reference belongs to --readers; of two files the first is the reference")
