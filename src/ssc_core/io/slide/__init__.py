"""Microscopy slides: one door for scanner formats, TIFF, OME-Zarr and single fields."""

from ssc_core.io.slide.opening import Scene, list_scenes, open_slide
from ssc_core.io.slide.slide import Slide, SlideLevel

__all__ = ["Scene", "Slide", "SlideLevel", "list_scenes", "open_slide"]
