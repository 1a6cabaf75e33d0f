"""The calcinosis panel: a finger image or volume in; bones, lesions and their sizes out."""

from napari_ssc.calcinosis.panel import CalcinosisPanel

__all__ = ["CalcinosisPanel"]
