"""The lung panel: measuring, and one file for each section beside the result."""

from napari_ssc.lung.panel import LungPanel

__all__ = ["LungPanel"]
