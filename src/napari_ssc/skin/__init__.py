"""The skin panel: dermis, fields and morphometry; scores of a loaded model, their map, a case report."""

from napari_ssc.skin.panel import SkinPanel

__all__ = ["SkinPanel"]
