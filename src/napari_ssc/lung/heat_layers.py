"""Maps of single slices over the CT: one layer per pattern, only one of them shown at a time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_ssc._layers import ON, placed

__all__ = ["HeatLayers", "SlicePlanes", "colours_of"]

PATTERN_NAMES = ("TOT", "GG", "RET")
_STEPS = 256


class SlicePlanes:
    """Some planes of a volume that is zero elsewhere, as napari reads arrays; nothing else is held.

    Parameters
    ----------
    shape : tuple of int
        (z, y, x).
    planes : mapping
        Slice to float32 (y, x).
    """

    dtype = np.dtype(np.float32)
    ndim = 3

    def __init__(self, shape: tuple[int, ...], planes: Mapping[int, Any]) -> None:
        self.shape, self.planes = tuple(shape), planes

    @property
    def size(self) -> int:
        """Number of voxels."""
        return math.prod(self.shape)

    def __getitem__(self, key: Any) -> npt.NDArray[np.float32]:
        keys: list[Any] = list(key) if isinstance(key, tuple) else [key]
        if Ellipsis in keys:
            at = keys.index(Ellipsis)
            keys[at : at + 1] = [slice(None)] * (4 - len(keys))
        keys += [slice(None)] * (3 - len(keys))
        z, rest = keys[0], keys[1:]
        out = np.array(np.broadcast_to(np.float32(0), self.shape)[tuple(keys)])  # of no axes for one voxel
        if isinstance(z, slice):
            for i, at in enumerate(range(*z.indices(self.shape[0]))):
                if at in self.planes:
                    out[i] = self.planes[at][tuple(rest)]
        elif int(z) in self.planes:
            out[...] = self.planes[int(z)][tuple(rest)]
        return np.asarray(out, np.float32)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.asarray(self[:], dtype)


class HeatLayers:
    """Overlays of one kind of map.

    Parameters
    ----------
    viewer : napari.Viewer
        Shows them.
    volume : Volume
        The CT.
    kind : {"heat", "extent"}
        Heat maps: percent points, red and yellow for disease, green and blue for false positives. Extent
        maps: 0 to 1, yellow to red.
    """

    def __init__(self, viewer: Any, volume: Any, kind: str) -> None:
        self._viewer, self.kind = viewer, kind
        self._planes: list[dict[int, Any]] = [{}, {}, {}]
        low, high = (-4.0, 4.0) if kind == "heat" else (0.0, 1.0)
        active = viewer.layers.selection.active
        self.layers = [
            viewer.add_image(
                SlicePlanes(volume.shape, planes),
                name=f"{'heat map' if kind == 'heat' else 'extent map'} {name}",
                colormap=_colormap(kind),
                contrast_limits=(low, high),
                multiscale=False,
                rgb=False,
                visible=False,
                opacity=0.6,
                interpolation2d="nearest",
                metadata={ON: volume},
                **placed(volume.frame),
            )
            for name, planes in zip(PATTERN_NAMES, self._planes, strict=True)
        ]
        viewer.layers.selection.active = active

    def put(self, z: int, maps: Any) -> None:
        """Show maps (3, y, x) on a slice; what is no number is not shown."""
        for planes, one, layer in zip(self._planes, maps, self.layers, strict=True):
            planes[z] = np.nan_to_num(np.asarray(one, np.float32))
            layer.refresh(extent=False, thumbnail=False)

    def show(self, pattern: int | None, opacity: float) -> None:
        """Show one pattern, or none."""
        for number, layer in enumerate(self.layers):
            layer.opacity = opacity
            layer.visible = number == pattern

    def remove(self) -> None:
        """Take the layers off the viewer."""
        for layer in self.layers:
            if layer in self._viewer.layers:
                self._viewer.layers.remove(layer)


def colours_of(kind: str) -> npt.NDArray[np.float64]:
    """Colours from low to high, RGBA (n, 4); what says nothing is transparent, as in the saved pictures."""
    from ssc_core.plots.heatmap import HEAT

    if kind == "heat":
        value = np.linspace(-1, 1, _STEPS + 1)
        colours = np.asarray(HEAT((value + 1) / 2), float)
        colours[:, 3] = np.clip(np.abs(value) / 0.15, 0, 1)
        return colours
    value = np.linspace(0, 1, _STEPS + 1)
    colours = np.asarray(HEAT(0.5 - value / 2), float)
    colours[:, 3] = np.clip(value / 0.15, 0, 1)
    return colours


def _colormap(kind: str) -> Any:
    from napari.utils import Colormap

    return Colormap(colours_of(kind), name=f"ssc {kind}")
