"""What the calcinosis panel runs and saves: images and volumes, found, corrected, turned round."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_ssc._drawn_files import case_with
from napari_ssc._layers import LayerData
from napari_ssc._opening import open_finger
from ssc_core.progress import Tick

__all__ = ["Measured", "is_volume", "measured", "opened", "save_measured"]

_BONE_WINDOW = (-300.0, 1200.0)


@dataclass(frozen=True, eq=False)
class Measured:
    """A result with what it was run on, and what only its saving needs.

    Parameters
    ----------
    result : CalcinosisResult or SolidResult
        What was found.
    source, case, drawn : object, CalcinosisCase, mapping
        What it was run on: image, manifest row with verdicts, what was drawn.
    volume : MeasuredVolume or None
        HU and sagittal table, of a volume.
    """

    result: Any
    source: Any
    case: Any
    drawn: Mapping[str, Any]
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


def measured(source: Any, case: Any, params: Any, drawn: Mapping[str, Any], tick: Tick) -> Measured:
    """As ``ssc calcinosis analyse`` does, with what was drawn as its files.

    Parameters
    ----------
    source : FingerImage or Volume
        The opened image.
    case : CalcinosisCase
        Its manifest row, with the verdicts that are turned round.
    params : CalcinosisParams
        How.
    drawn : mapping
        ``bones``, ``seeds``, ``lesions``: what replaces that of the case.
    tick : Tick
        Progress.
    """
    from ssc_core.calcinosis.case import analysed
    from ssc_core.calcinosis.volume_case import analysed_volume

    with tempfile.TemporaryDirectory() as folder:
        whole = case_with(case, drawn, source, Path(folder))
        if not is_volume(source):
            return Measured(analysed(whole, params, tick), source, case, drawn)
        done = analysed_volume(whole, params, tick)
        return Measured(done.result, source, case, drawn, done)


def save_measured(done: Measured, folder: Path) -> None:
    """Tables, masks, overlay and the record, as ``ssc calcinosis analyse`` writes them."""
    if done.volume is None:
        from ssc_core.calcinosis.save import save

        save(done.result, folder)
        return
    from ssc_core.calcinosis.solid.save import save_volume

    save_volume(done.result, done.volume.hu, folder, done.volume.sagittal)
