"""The sections of the lung panel, in the order of their tabs. A new one is a file and a line here."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from napari_ssc.lung.goh_section import GohSection
from napari_ssc.lung.heat_section import HeatSection
from napari_ssc.lung.levels import LevelSection
from napari_ssc.lung.refine import RefineSection

__all__ = ["SECTIONS", "LungSection"]


class LungSection(Protocol):
    """A QWidget that is given the panel, with a title and what the panel tells it, which may lack.

    ``image_picked(layer or None)``, ``show_result(result, volume)``, ``opened(yes)`` when its tab is shown or
    left, ``layer_removed(layer)``, ``let_go()`` when the panel closes; ``keys()`` gives what its keys do, by
    their name in ``keys.KEYS``.
    """

    title: ClassVar[str]

    def __init__(self, panel: Any) -> None: ...


SECTIONS: tuple[type[LungSection], ...] = (
    RefineSection,
    LevelSection,
    GohSection,
    HeatSection,
)
