"""``ssc skin map``: a score all over the dermis."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ssc_core.cli.running import Out, bar
from ssc_core.errors import InputError
from ssc_core.io.output import staged
from ssc_core.params import parsed
from ssc_core.skin.case import SkinCase
from ssc_core.skin.scores.map_params import MapFeatures, MapParams

__all__ = ["map_"]

Options = Annotated[MapParams, Parameter(name="*")]
FeatureOptions = Annotated[MapFeatures, Parameter(name="*")]
_DEFAULT, _FEATURES = MapParams(), MapFeatures()


def map_(
    slide: Path,
    /,
    *,
    out: Out,
    model: Path | None = None,
    score: str = "",
    study: Path | None = None,
    feature: str | None = None,
    roi: Path | None = None,
    mpp: float | None = None,
    scene: int | None = None,
    case_id: str = "case",
    params: Options = _DEFAULT,
    features: FeatureOptions = _FEATURES,
) -> None:
    """Map a score, or one feature, over the whole dermis of a slide; the map opens on top of the slide.

    Give one of --model, --study or --feature.

    Parameters
    ----------
    slide
        Whole-slide image.
    model
        Folder of a model: its Fibrosis Score is mapped, or what --score says.
    score
        fibrosis_score or diagnostic_score (as log odds).
    study
        Study with a discovery: the Image Patch Score is mapped.
    feature
        Feature of --backbone, morphometry by default: collagen_fraction, bundle_thickness_um ...
    roi
        Dermis drawn in QuPath (GeoJSON); without it the dermis is proposed.
    mpp
        Micrometres per pixel, where the file does not say.
    scene
        Which scene of a slide that holds several.
    case_id
        Name of the case, as in a manifest.
    """
    from ssc_core.skin.scores.map_case import map_case, summary
    from ssc_core.skin.scores.mapped import of_discovery, of_feature, of_model
    from ssc_core.skin.scores.model import load_model

    if sum(given is not None for given in (model, study, feature)) != 1:
        raise InputError("say what is to be mapped: one of --model, --study and --feature")
    if score and model is None:
        raise InputError("--score names a score of a model; give --model")
    if feature is None and features.model_copy(update={"seed": 0, "device": "cpu"}) != _FEATURES:
        raise InputError(
            "fields and backbone are those of the model or study; only --seed and --device can be given"
        )
    if model is not None:
        what = of_model(load_model(model), score, seed=features.seed, device=features.device)
    elif study is not None:
        what = of_discovery(study, seed=features.seed, device=features.device)
    else:
        what = of_feature(str(feature), features)
    case = parsed(SkinCase, {"case_id": case_id, "slide": slide, "roi": roi, "mpp": mpp, "scene": scene})
    with bar() as tick, staged(out) as folder:
        found = map_case(case, what, params, folder, tick)
    print(summary(found).to_string(index=False, float_format=lambda v: f"{v:.4g}", max_colwidth=70))
    for flag in found.flags:
        print(f"note: {flag}")
    print(f"Map: {out / (what.name + '.ome.zarr')}")
