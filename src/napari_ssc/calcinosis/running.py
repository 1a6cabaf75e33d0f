"""What the calcinosis panel runs and saves: images and volumes, found, corrected, turned round."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_ssc._layers import LayerData
from napari_ssc._opening import open_finger
from ssc_core.errors import InputError
from ssc_core.progress import Tick, share

__all__ = ["Measured", "is_volume", "measured", "opened", "save_measured"]

_BONE_WINDOW = (-300.0, 1200.0)


@dataclass(frozen=True, eq=False)
class Measured:
    """A result with what only its saving needs.

    Parameters
    ----------
    result : CalcinosisResult or SolidResult
        What was found.
    volume : MeasuredVolume or None
        HU and sagittal table, of a volume.
    """

    result: Any
    volume: Any = None


def is_volume(source: Any) -> bool:
    """Whether an opened image has three axes."""
    return bool(source.frame.ndim == 3)


def opened(case: Any, tick: Tick, name: str = "") -> LayerData:
    """The image or volume of a ``CalcinosisCase`` in the bone window."""
    from ssc_core.calcinosis import inputs

    if not inputs.is_volume(case.image):
        return open_finger(case, tick, name)
    from napari_ssc._layers import volume_layer
    from ssc_core.io.volume import open_volume

    tick(0.0, 1.0, "opening the volume")
    volume = open_volume(case.image)
    tick(1.0, 1.0, "reading the first slice")
    volume.hu[volume.shape[0] // 2].compute()
    data, arguments, kind = volume_layer(volume, name or case.image.name.split(".")[0], case)
    return data, {**arguments, "contrast_limits": _BONE_WINDOW}, kind


def measured(source: Any, case: Any, params: Any, given: Mapping[str, Any], tick: Tick) -> Measured:
    """As ``ssc calcinosis analyse`` does, unless bones, seeds or lesions were drawn.

    Raises
    ------
    InputError
        If the manifest names bones or seeds and others were drawn for one of them only.
    """
    given = dict(given)
    lesions = given.pop("lesions", None)
    toggles = given.pop("toggles", ())
    part = tick if lesions is None else share(tick, 0.0, 0.9)
    find = _volume if is_volume(source) else _image
    done = find(source, case, params, given, toggles, part)
    if lesions is None:
        return done
    from dataclasses import replace

    import numpy as np

    from ssc_core.calcinosis.edited import with_lesions

    hu = done.result.hu if done.volume is None else done.volume.hu
    saturated = None if done.volume is not None else np.asarray(source.saturated, bool)
    result = with_lesions(done.result, lesions, hu, saturated, share(tick, 0.9, 1.0))
    return replace(done, result=result)


def save_measured(done: Measured, folder: Path) -> None:
    """Tables, masks, overlay and the record, as ``ssc calcinosis analyse`` writes them."""
    if done.volume is None:
        from ssc_core.calcinosis.save import save

        save(done.result, folder)
        return
    from ssc_core.calcinosis.solid.save import save_volume

    save_volume(done.result, done.volume.hu, folder, done.volume.sagittal)


def _image(
    source: Any, case: Any, params: Any, given: Mapping[str, Any], toggles: Any, tick: Tick
) -> Measured:
    from ssc_core.calcinosis.case import analysed
    from ssc_core.calcinosis.pipeline import analyse

    if case is not None and not given:
        return Measured(analysed(_turned(case, toggles), params, tick))
    _all_drawn(case, given)
    return Measured(analyse(source, params, toggles=toggles, tick=tick, **given))


def _volume(
    source: Any, case: Any, params: Any, given: Mapping[str, Any], toggles: Any, tick: Tick
) -> Measured:
    from ssc_core.calcinosis.volume_case import analysed_volume, measured_volume

    if case is not None and not given:
        done = analysed_volume(_turned(case, toggles), params, tick)
    else:
        _all_drawn(case, given)
        done = measured_volume(source, params, toggles=toggles, tick=tick, **given)
    return Measured(done.result, done)


def _turned(case: Any, toggles: Any) -> Any:
    return case.model_copy(update={"toggles": " ".join(map(str, toggles)) or None})


def _all_drawn(case: Any, given: Mapping[str, Any]) -> None:
    """Nothing that the manifest names may be left out silently."""
    named = {"bones": "mask", "seeds": "seeds"}
    for column, argument in named.items():
        if case is not None and getattr(case, column) is not None and argument not in given:
            raise InputError(
                f"the manifest gives {column} for this image; open them and pick them as {column} too"
            )
