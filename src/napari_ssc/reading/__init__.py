"""The reader study: people score slices and rate heat maps, blinded."""

from napari_ssc.reading.panel import ReaderStudy

__all__ = ["ReaderStudy"]
