"""``ssc skin features, discover, fit, score, validate, report``: from slides and patients to scores."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ssc_core.cli.running import Out, Workers, bar
from ssc_core.errors import CasesFailed, InputError
from ssc_core.io.output import RECORD, staged
from ssc_core.progress import share
from ssc_core.skin.feature_params import FeatureParams
from ssc_core.skin.scores.params import FitParams

__all__ = ["discover", "features", "fit", "report", "score", "validate"]

FeatureOptions = Annotated[FeatureParams, Parameter(name="*")]
FitOptions = Annotated[FitParams, Parameter(name="*")]
OptionalOut = Annotated[Path | None, Parameter(name=["--out", "-o"], help="Folder for the result.")]
_FEATURES, _FIT = FeatureParams(), FitParams()


def features(
    manifest: Path,
    /,
    *,
    out: Out,
    workers: Workers = 1,
    both_fields: Annotated[bool, Parameter(negative="")] = False,
    params: FeatureOptions = _FEATURES,
) -> None:
    """Compute the features of a cohort's slides; finished ones are kept when it is run again.

    Parameters
    ----------
    manifest
        CSV with biopsy_id, patient_id, slide, status and, if known, roi, visit_months, mrss,
        local_skin_score ...
    both_fields
        Also under the paper's other reading of the field (0.16 mm2 in all patches instead of per patch, or
        the reverse), where the slides are fine enough; discover, fit and report then show both.
    """
    from ssc_core.skin.scores.making import make_study
    from ssc_core.skin.scores.other_field import OTHER, other_reading

    other = other_reading(params) if both_fields else None
    with bar() as tick:
        made = make_study(manifest, out, params, workers=workers, tick=tick)
    _say(made.cohort.flags)
    ended = made.features
    print(f"{len(ended.finished)} finished, {len(ended.kept)} finished before, {len(ended.failures)} failed")
    if other is not None:
        with bar() as tick:
            second = make_study(manifest, out / OTHER, other, workers=workers, tick=tick).features
        done = len(second.finished) + len(second.kept)
        print(f"other reading of the field: {done} slides, {len(second.failures)} could not be read so")
        for reason in dict.fromkeys(second.failures.values()):
            print(f"note: {reason}")
    print(f"Study: {out}")
    if ended.failures:
        raise CasesFailed(f"{len(ended.failures)} slides failed; the reasons are in {out / 'failures.csv'}")


def discover(study: Path, /, *, manifest: Path | None = None, out: OptionalOut = None) -> None:
    """Image Patch and Biopsy Scores: the first principal component, and its relation to mRSS within patients.

    Parameters
    ----------
    study
        Folder that 'ssc skin features' wrote.
    manifest
        Another table of the biopsies.
    out
        Folder for the result; STUDY/discovery by default.
    """
    from ssc_core.skin.report import DISCOVERY
    from ssc_core.skin.scores.discovery import discover as find
    from ssc_core.skin.scores.save import save_discovery
    from ssc_core.skin.scores.study import open_study

    def run(study: Path, target: Path, partial: bool) -> None:
        with bar() as tick, staged(target) as folder:
            opened = open_study(study, manifest, partial=partial, tick=share(tick, 0.0, 0.5))
            found = find(opened.patches, opened.biopsies, tick=share(tick, 0.5, 0.9))
            save_discovery(found, opened, folder)
        for statistic in found.statistics:
            print(statistic)
        _say(found.flags)

    target = out or study / DISCOVERY
    run(study, target, False)
    _other(study, lambda other: run(other, other / DISCOVERY, True))
    print(f"Result: {target}")


def fit(
    study: Path, /, *, manifest: Path | None = None, out: OptionalOut = None, params: FitOptions = _FIT
) -> None:
    """Fit the Diagnostic and the Fibrosis Score and judge them; the result is a model that can be applied.

    Parameters
    ----------
    study
        Folder that 'ssc skin features' wrote.
    manifest
        Another table of the biopsies.
    out
        Folder for the model; STUDY/model by default.
    """
    from ssc_core.skin.report import MODEL
    from ssc_core.skin.scores.evaluate import evaluate
    from ssc_core.skin.scores.fit import fit_scores
    from ssc_core.skin.scores.model import freeze
    from ssc_core.skin.scores.save import save_fit
    from ssc_core.skin.scores.study import open_study

    def run(study: Path, target: Path, partial: bool) -> None:
        with bar() as tick, staged(target) as folder:
            opened = open_study(study, manifest, partial=partial, tick=share(tick, 0.0, 0.1))
            found = fit_scores(opened.patches, opened.biopsies, params, tick=share(tick, 0.1, 0.9))
            judged = evaluate(found)
            save_fit(found, judged, freeze(found, judged), opened, folder)
        for finding in judged.findings:
            print(f"{finding.score}, {finding.where}, {finding.with_what}: {finding.statistic}")
        for name, model in judged.models.items():
            print(f"mixed model {name}: {model}")
        _say((*found.flags, *(p.sentence for p in judged.power)))

    target = out or study / MODEL
    run(study, target, False)
    _other(study, lambda other: run(other, other / MODEL, True))
    print(f"Model: {target}")


def score(
    given: Path,
    /,
    *,
    model: Path,
    out: Out,
    roi: Path | None = None,
    mpp: float | None = None,
    scene: int | None = None,
    case_id: str = "case",
    workers: Workers = 1,
) -> None:
    """Score a slide, the slides of a manifest (.csv), or a study, with a frozen model.

    Parameters
    ----------
    given
        Slide, manifest or folder of features.
    model
        Folder that 'ssc skin fit' wrote.
    roi
        Dermis of a single slide (GeoJSON).
    mpp
        Micrometres per pixel of a single slide, where the file does not say.
    scene
        Which scene of a single slide that holds several.
    case_id
        Name of a single slide; patches are drawn from this name.
    """
    from ssc_core.skin.scores.scoring import Single, save_scores, score_given

    single = Single(case_id, roi, mpp, scene)
    with bar() as tick, staged(out) as folder:
        table, failures = score_given(given, model, folder, single, workers=workers, tick=tick)
        save_scores(table, failures, model, folder)
    print(table.to_string(index=False, float_format=lambda v: f"{v:.4g}", max_colwidth=60))
    print(f"Result: {out}")
    if failures:
        raise CasesFailed(f"{len(failures)} slides failed; the reasons are in {out / 'failures.csv'}")


def validate(model: Path, given: Path, /, *, out: Out, workers: Workers = 1) -> None:
    """Judge a frozen model on a cohort it has never seen, per site; nothing is fitted.

    Parameters
    ----------
    model
        Folder that 'ssc skin fit' wrote.
    given
        Manifest (.csv) of the cohort, or a study made by 'ssc skin features'.
    """
    from ssc_core.io.tables import write_table
    from ssc_core.results import record_run
    from ssc_core.skin.scores.model import load_model
    from ssc_core.skin.scores.scoring import opened_study
    from ssc_core.skin.scores.validate import validate_model

    frozen = load_model(model)
    with bar() as tick, staged(out) as folder, tempfile.TemporaryDirectory() as work:
        opened = opened_study(given, frozen, Path(work), workers=workers, tick=share(tick, 0.0, 0.8))
        found = validate_model(frozen, opened.patches, opened.biopsies, tick=share(tick, 0.8, 1.0))
        write_table(folder, "scores", found.scores)
        write_table(folder, "statistics", found.table)
        record = record_run("skin validate", {}, opened.inputs, warnings=found.flags,
                            weights={"scores": frozen.digest})  # fmt: skip
        (folder / RECORD).write_text(record.to_json(), encoding="utf-8", newline="\n")
    shown = found.table[["site", "score", "with", "name", "value", "low", "high", "p", "n"]]
    print(shown.to_string(index=False, float_format=lambda v: f"{v:.4g}", na_rep="-"))
    _say(found.flags)
    print(f"Result: {out}")


def report(
    study: Path,
    /,
    *,
    model: Path | None = None,
    expression: Path | None = None,
    signature: Path | None = None,
    genes: Annotated[list[str] | None, Parameter(consume_multiple=True, negative="")] = None,
    out: OptionalOut = None,
) -> None:
    """Write figures, tables and one HTML page of a study, from its results.

    Parameters
    ----------
    study
        Folder with a discovery, a model, or both.
    model
        Folder of the model, if it is not STUDY/model.
    expression
        Gene expression (CSV): probe, gene, and one column per biopsy_id.
    signature
        Genes of 4S (CSV): gene, direction (up or down).
    genes
        Single genes to look at; COMP, THBS1, IFI44 and SIGLEC1 by default.
    out
        Folder for the report; STUDY/report by default.
    """
    from ssc_core.skin.report import Genes, write_report
    from ssc_core.skin.scores.expression import GENES, read_expression, read_gene_list

    beside = None
    if expression is not None:
        up, down = read_gene_list(signature) if signature else ([], [])
        beside = Genes(read_expression(expression), up, down, genes or GENES)
    elif signature is not None or genes:
        raise InputError("--signature and --genes belong to --expression; give the expression table")
    target = out or study / "report"
    with staged(target) as folder:
        write_report(study, folder, model=model, genes=beside)
    print(f"Report: {target / 'index.html'}")


def _other(study: Path, run: Callable[[Path], None]) -> None:
    """Do the same under the other reading of the field, where there is one; say why if it cannot be done."""
    from ssc_core.skin.scores.other_field import OTHER
    from ssc_core.skin.scores.study import BIOPSY_TABLE

    if not (study / OTHER / BIOPSY_TABLE).is_file():
        return
    print("\nUnder the other reading of the field:")
    try:
        run(study / OTHER)
    except InputError as error:
        print(f"note: not done: {error.message}")
    print()


def _say(flags: tuple[str, ...]) -> None:
    for flag in flags:
        print(f"note: {flag}")
