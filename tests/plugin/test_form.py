"""Forms follow the declarations of the core, and give back exactly what was put in."""

from __future__ import annotations

import pytest

from napari_ssc._command import command_of
from napari_ssc._form import Form
from ssc_core.calcinosis.case import CalcinosisCase
from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.errors import InputError
from ssc_core.lung.case import LungCase
from ssc_core.lung.params import LungParams
from ssc_core.params import unit_of
from ssc_core.skin.case import SkinCase
from ssc_core.skin.params import SkinParams

ALL = [SkinParams, LungParams, CalcinosisParams]
CASES = {
    SkinParams: (SkinCase, "slide"),
    LungParams: (LungCase, "ct"),
    CalcinosisParams: (CalcinosisCase, "image"),
}
CHANGED = {
    SkinParams: {"n_patches": 7, "overlap": False, "patch_mpp": 0.176},
    LungParams: {"density_hu": (-910.0, -300.5), "rib_fill": False, "dome_offset_mm": 0.0},
    CalcinosisParams: {"bones": False, "seed_hu": 222.5, "connectivity": 4},
}


@pytest.fixture(params=ALL, ids=lambda m: m.__name__)
def form(request, qapp):
    return Form(request.param)


def test_defaults_come_back_to_the_last_digit(form):
    assert form.values() == form.model()


def test_changed_values_come_back(form):
    changed = form.model.make(**CHANGED[form.model])
    form.fill(changed.model_dump(mode="json"))
    assert form.values() == changed
    form.reset()
    assert form.values() == form.model()


def test_each_row_has_unit_and_help(form):
    for widget in form:
        field = form.model.model_fields[widget.name]
        assert widget.tooltip == field.description
        assert not unit_of(field) or f"({unit_of(field)})" in widget.label


def test_typed_value_counts_over_the_exact_default(qapp):
    form = Form(SkinParams)
    form["patch_mpp"].value = 1.5
    assert form.values().patch_mpp == 1.5


def test_value_that_does_not_fit_is_one_sentence(qapp):
    form = Form(LungParams)
    form["density_hu"].value = "minus seven hundred"
    with pytest.raises(InputError, match="density-hu") as caught:
        form.values()
    assert "\n" not in str(caught.value)


def test_empty_optional_values_are_not_given(qapp, tmp_path):
    form = Form(SkinCase, ("case_id", "slide", "roi"))
    case = form.values(case_id="case", slide=tmp_path / "a.svs")
    assert case.mpp is None
    assert case.scene is None
    form["mpp"].value = "0.5"
    assert form.values(case_id="case", slide=tmp_path / "a.svs").mpp == 0.5


@pytest.mark.parametrize("model", ALL, ids=lambda m: m.__name__)
def test_command_parses_to_the_same_parameters(model, tmp_path):
    """The line that is copied, read by the command line itself, is the run that was made."""
    import shlex

    from ssc_core.cli import app

    room = model.__name__.removesuffix("Params").lower()
    changed = model.make(**CHANGED[model])
    kind, field = CASES[model]
    case = kind.model_validate({"case_id": "case", field: tmp_path / "a b.dcm"})
    words = shlex.split(command_of(room, field, case, changed, {}))
    _, bound, _ = app.parse_args(words[1:])
    assert bound.arguments["params"] == changed
    assert next(iter(bound.arguments.values())) == getattr(case, field)


RUNS = {
    "skin analyse": ("slide", SkinCase, {"mpp": 0.5, "scene": 1}),
    "skin score": ("slide", SkinCase, {"mpp": 0.5, "scene": 1}),
    "skin map": ("slide", SkinCase, {"mpp": 0.5, "scene": 1}),
    "skin case-report": ("slide", SkinCase, {"mpp": 0.5, "scene": 1}),
    "lung analyse": ("ct", LungCase, {"series": "3", "series_rule": "thinnest", "resample_gaps": True}),
    "lung score": ("ct", LungCase, {"series": "3", "series_rule": "thinnest", "resample_gaps": True}),
    "lung heatmap": ("ct", LungCase, {"series": "3", "series_rule": "thinnest", "resample_gaps": True}),
    "lung extent": ("ct", LungCase, {"series": "3", "series_rule": "thinnest", "resample_gaps": True}),
    "calcinosis analyse": ("image", CalcinosisCase, {"pixel_spacing": 0.2, "window": 1500, "level": 450}),
}


MODELLED = ("skin score", "skin map", "skin case-report")


@pytest.mark.parametrize("run", RUNS)
def test_whatever_a_file_had_to_be_told_is_understood_by_every_command(tmp_path, run):
    """How a CT was opened in the viewer must not be lost, or refused, when its line is read."""
    import shlex

    from napari_ssc._command import line_of, options_of
    from ssc_core.cli import app

    field, kind, told = RUNS[run]
    case = kind.model_validate({"case_id": "case", field: tmp_path / "a b", **told})
    options = options_of(case, field) | ({"model": tmp_path} if run in MODELLED else {})
    line = line_of(["ssc", *run.split(), str(tmp_path / "a b")], options, "out")
    _, bound, _ = app.parse_args(shlex.split(line)[1:])
    assert {n: bound.arguments[n] for n in told} == told
