"""A manifest row of the core as a layer: the one way in for readers, samples, panels and the worklist."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari_ssc._layers import LayerData, finger_layer, slide_layer, volume_layer
from ssc_core.progress import Tick, silent

__all__ = ["open_ct", "open_finger", "open_slide"]


def open_slide(case: Any, tick: Tick = silent, name: str = "") -> LayerData:
    """The slide of a ``SkinCase``."""
    from ssc_core.io.slide import open_slide as opened

    slide = opened(case.slide, mpp=case.mpp, scene=case.scene)
    return slide_layer(slide, name or _shown(case.slide), case)


def open_ct(case: Any, tick: Tick = silent, name: str = "") -> LayerData:
    """The CT of a ``LungCase``, its first picture decoded, so that the GUI thread need not wait for it."""
    volume = case.open(tick)
    volume.prepare(tick)
    tick(1.0, 1.0, "reading the first slice")
    volume.hu[volume.shape[0] // 2].compute()
    return volume_layer(volume, name or _shown(case.ct), case)


def open_finger(case: Any, tick: Tick = silent, name: str = "") -> LayerData:
    """The image of a ``CalcinosisCase``."""
    from ssc_core.io.image import open_finger as opened

    image = opened(case.image, pixel_spacing=case.pixel_spacing, window=case.window, level=case.level)
    return finger_layer(image, name or _shown(case.image), case)


def _shown(path: Path) -> str:
    return Path(path).name.split(".")[0]
