"""The lungs that a section works on: those of the last run, if they are still what is shown."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_ssc._layers import ON, SOURCE
from ssc_core.errors import InputError

__all__ = ["current_levels", "lung_params", "measured_lungs"]


def measured_lungs(panel: Any) -> Any:
    """The result of the last run on the picked CT.

    Raises
    ------
    InputError
        If there is none, or its mask was changed since.
    """
    image = panel.boxes.image()
    if image is None:
        raise InputError("no CT is picked; open one in the tab Measure, or through File > Open Sample > SSc")
    if panel.result is None or panel.ran is None or panel.ran[0] is not image.metadata[SOURCE]:
        raise InputError("the lungs of this CT are not known yet; press Run in the tab Measure first")
    layer = panel.mask_layer()
    mine = layer is not None and layer.metadata.get(ON, panel.ran[0]) is panel.ran[0]
    if mine and not _same(layer.data, panel.result.mask):
        raise InputError(
            "the lung mask was changed after the last run; pick it as 'Lung mask, drawn' and press Run in"
            " the tab Measure"
        )
    return panel.result


def _same(shown: Any, mask: Any) -> bool:
    """Slice by slice: a comparison of the whole would take as much memory again."""
    if np.shape(shown) != mask.shape:
        return False
    return all(np.array_equal(a, b) for a, b in zip(shown, mask, strict=True))


def current_levels(panel: Any, lung: Any) -> tuple[Any, ...]:
    """The levels of these lungs, as the section *Levels* has them now."""
    section = panel.sections["Levels"]
    same = all(a is b for a, b in zip(section.found, lung.levels, strict=True))
    return tuple(section.levels if same else lung.levels)


def lung_params(panel: Any) -> Any:
    """The parameters of the run whose lungs are shown; those of the form before there was one."""
    return panel.form.values() if panel.ran is None else panel.ran[2]
