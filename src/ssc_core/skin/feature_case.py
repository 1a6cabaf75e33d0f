"""Features of one biopsy: open the slide, draw its fields, compute, write."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ssc_core.errors import InputError
from ssc_core.io.digest import file_digest
from ssc_core.io.features import FeatureMeta, write_features
from ssc_core.io.output import RECORD
from ssc_core.io.roi import read_rois
from ssc_core.io.slide import Slide, open_slide
from ssc_core.plots.skin import overview
from ssc_core.plots.style import save_figure
from ssc_core.progress import Tick, share, silent
from ssc_core.results import record_run, versions
from ssc_core.seeds import seed_of
from ssc_core.skin.case import SkinCase
from ssc_core.skin.drawing import Drawn, boxes_um, draw, places
from ssc_core.skin.feature_params import FeatureParams
from ssc_core.skin.features import Backbone, check_patches, extract, open_backbone
from ssc_core.skin.normalisation import normalising
from ssc_core.skin.sheet import Sheet
from ssc_core.skin.stain import Rgb
from ssc_core.skin.tissue import Tissue

__all__ = ["KEY", "OVERVIEW", "inputs_of", "key_of", "meta_of", "opened", "run_case"]

KEY = "features.key"
"""File with the digest of everything the features of a case follow from."""
OVERVIEW = "overview"
"""Name of the picture of the slide with its fields."""

_FORMAT = 2
"""Of what is written beside the features; another number has them made again."""


def run_case(case: SkinCase, params: FeatureParams, folder: Path, tick: Tick = silent) -> dict[str, Any]:
    """Compute the features of one biopsy and write them with the run record.

    The fields are those that ``ssc skin analyse`` draws for a case of this name with the same parameters.

    Parameters
    ----------
    case : SkinCase
        Which.
    params : FeatureParams
        How.
    folder : Path
        Existing folder for ``features.zarr``, ``patches.csv/.parquet``, ``features.json``, ``patches.jpg``
        (the patches, small), ``tissue.csv/.parquet`` (what a pathologist would measure),
        ``overview.png/.svg`` (the slide with its fields) and ``run.json``.
    tick : Tick
        Progress.

    Returns
    -------
    dict
        The row of the study's table.

    Raises
    ------
    InputError, FormatError, EmptyError, OutputError
        If the slide, the region, the backbone or the folder cannot be used.
    """
    backbone = opened(params)
    slide = open_slide(case.slide, mpp=case.mpp, scene=case.scene)
    rois = None if case.roi is None else read_rois(case.roi, offset=slide.qupath_offset)
    seed = seed_of(params.seed, case.case_id, "fields")
    drawn = draw(slide, params, mask=rois, seed=seed, tick=share(tick, 0.0, 0.2))
    sheet, tissue = Sheet(len(drawn.fields)), Tissue(drawn, params.n_measured)

    def seen(index: int, patch: Rgb) -> None:
        sheet.add(index, patch)
        tissue.add(index, patch)

    features = extract(
        slide, drawn.fields, backbone, share(tick, 0.2, 1.0), batch=params.batch, stain=drawn.stain, seen=seen
    )
    sheet.write(folder)
    tissue.write(folder)
    picture = overview(drawn.overview, drawn.frame, drawn.mask, boxes_um(drawn.fields))
    for kind in ("png", "svg"):
        save_figure(picture, folder / f"{OVERVIEW}.{kind}")
    meta = meta_of(case.case_id, backbone, drawn, params.native)
    write_features(folder, features, backbone.names, places(slide, drawn.fields), meta)
    inputs = inputs_of(case)
    record = record_run(
        "skin features",
        {**params.model_dump(mode="json"), "given": _given(case, slide)},
        inputs,
        seed=seed,
        warnings=meta.flags,
        weights={backbone.name: backbone.weights} if backbone.weights else {},
        device=backbone.device,
    )
    (folder / RECORD).write_text(record.to_json(), encoding="utf-8", newline="\n")
    (folder / KEY).write_text(key_of(case, params, inputs) + "\n", encoding="utf-8", newline="\n")
    return {
        "case_id": case.case_id,
        "n_patches": len(features),
        "n_features": len(backbone.names),
        "mean_overlap": meta.mean_overlap,
        "covered_share": meta.covered,
        "trichrome": bool(meta.trichrome),
        "flags": "; ".join(meta.flags),
    }


def opened(params: FeatureParams) -> Backbone:
    """The backbone that `params` name, once it is sure that it can take the patches.

    Raises
    ------
    InputError
        If it does not exist, its weights are not here or are others than ``params.weights``, or it takes
        patches of another size.
    """
    backbone = open_backbone(params.backbone, layer=params.layer, relu=params.relu, device=params.device)
    check_patches(params.patch_px, backbone)
    if params.normalise_stain:
        backbone = normalising(backbone)
    if params.weights and params.weights != backbone.weights:
        raise InputError(
            f"the weights of {backbone.name} on this machine are {backbone.weights or 'none'}, but "
            f"{params.weights} are asked for; import those with 'ssc models import'"
        )
    return backbone


def key_of(case: SkinCase, params: FeatureParams, inputs: Mapping[str, str]) -> str:
    """Digest of all that the features of a case follow from: `inputs` by digest, parameters, versions.

    `params` should name the digest of the weights (``weights``).
    """
    how = params.model_dump(mode="json", exclude={"batch"})
    what = [_FORMAT, case.case_id, case.mpp, case.scene, dict(inputs), how, versions()]
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()


def inputs_of(case: SkinCase) -> dict[str, str]:
    """Role to digest of the files of a case."""
    files = {"slide": case.slide, "roi": case.roi}
    return {role: file_digest(path) for role, path in files.items() if path is not None}


def _given(case: SkinCase, slide: Slide) -> dict[str, Any]:
    return {"mpp": case.mpp, "scene": case.scene, "slide": dict(slide.identifier_free)}


def meta_of(case_id: str, backbone: Backbone, drawn: Drawn, native: bool) -> FeatureMeta:
    """What the features of a case are."""
    fields = drawn.fields
    return FeatureMeta(
        case_id=case_id,
        backbone=backbone.name,
        layer=backbone.layer,
        relu=backbone.relu,
        weights=backbone.weights,
        normalisation=backbone.normalisation,
        patch_px=fields.plan.size_px,
        patch_mpp=fields.plan.mpp,
        native=native,
        seed=fields.seed,
        asked=fields.asked,
        mean_overlap=fields.mean_overlap,
        covered=fields.covered,
        trichrome=drawn.trichrome.likely,
        flags=drawn.flags,
    )
