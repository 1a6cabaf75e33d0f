"""Two visits beside each other: one camera, the same millimetres, the same lesion in the same colour."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_ssc._layers import placed
from napari_ssc._view import camera_of
from napari_ssc.calcinosis.showing import anchor_of, size_text

__all__ = ["SideBySide", "grid_of"]

_COLOURS = ("#ff5a36", "#ffc400", "#e64b8c", "#9be564", "#b66dff", "#00e5c3")
_EACH = 4  # layers of one visit
_BONE_WINDOW = (-300.0, 1200.0)


def grid_of(viewer: Any) -> Any:
    """The grid; napari 0.9 moved it."""
    return getattr(viewer, "canvas", viewer).grid


class SideBySide:
    """The layers of a comparison in napari's grid; what was shown before is hidden meanwhile.

    The later visit is laid over the first: turned and shifted in images, shifted in volumes, whose planes
    cannot be turned.

    Parameters
    ----------
    viewer : napari.Viewer
        Where they are shown.
    compared : Comparison
        Both visits, their results and changes.
    """

    def __init__(self, viewer: Any, compared: Any) -> None:
        self.viewer, self._compared = viewer, compared
        self._hidden = [la for la in viewer.layers if la.visible]
        for layer in self._hidden:
            layer.visible = False
        self.matrix = _matrix(compared)
        # napari counts cells from the top of the list: the later visit goes below
        self.later = self._add("follow-up", compared.later, self.matrix)
        self.first = self._add("baseline", compared.first, np.eye(len(self.matrix)))
        grid = grid_of(viewer)
        grid.stride = -_EACH
        height, width = self.first[0].extent.world[1][-2:] - self.first[0].extent.world[0][-2:]
        grid.shape = (2, 1) if width > height else (1, 2)
        grid.enabled = True
        viewer.reset_view()

    @property
    def layers(self) -> list[Any]:
        """All of its layers that are still there."""
        return [la for la in (*self.first, *self.later) if la in self.viewer.layers]

    def fly(self, row: int) -> None:
        """Both cells at the place of a change."""
        from napari_ssc._view import fly_to

        place = self._compared.place_of(row, self.matrix)
        if place is not None:
            fly_to(self.viewer, place, max(float(camera_of(self.viewer).zoom), 0.0))

    def end(self) -> None:
        """As it was before."""
        grid_of(self.viewer).enabled = False
        for layer in self.layers:
            self.viewer.layers.remove(layer)
        for layer in self._hidden:
            if layer in self.viewer.layers:
                layer.visible = True
        self.viewer.reset_view()

    def _add(self, name: str, visit: Any, matrix: Any) -> list[Any]:
        from napari.utils.colormaps import CyclicLabelColormap, direct_colormap

        result = visit.measured.result
        at = placed(result.frame)
        at["affine"] = matrix @ at["affine"] if "affine" in at else matrix
        rows = self._compared.rows_of(visit)
        known = np.zeros(int(result.lesion_labels.max(initial=0)) + 1, np.int32)
        for label, row in rows.items():
            if label < len(known):
                known[label] = row + 1
        bones = direct_colormap({None: "#5aa9e6", 0: "transparent"})
        image = self.viewer.add_image(visit.pixels, name=name, contrast_limits=_BONE_WINDOW, **at)
        outline = self.viewer.add_labels(
            result.bone_labels, name=f"{name}: bones", opacity=0.3, colormap=bones, **at
        )
        lesions = self.viewer.add_labels(
            known[result.lesion_labels],
            name=f"{name}: lesions",
            opacity=0.75,
            colormap=CyclicLabelColormap(colors=list(_COLOURS)),
            **at,
        )
        captions = self.viewer.add_points(name=f"{name}: sizes", **_captions(result, name), **at)
        return [image, outline, lesions, captions]


def _captions(result: Any, name: str) -> dict[str, Any]:
    """What the cell shows, and the size of each lesion beside it."""
    from ssc_core.calcinosis.burden import size_of

    axes = ["plane", "row", "column"][-result.frame.ndim :]
    points = result.lesions[axes].to_numpy(float)
    unit = "mm\N{SUPERSCRIPT TWO}" if len(axes) == 2 else "mm\N{SUPERSCRIPT THREE}"
    words = [f"{size_text(v)} {unit}" for v in result.lesions[size_of(result.lesions)]]
    shape = np.asarray(result.lesion_labels.shape, float)
    corner = (
        np.array([0.0, shape[-1] / 2]) if len(axes) == 2 else np.array([shape[0] // 2, 0.0, shape[-1] / 2])
    )
    if len(axes) == 3:
        points[:, 0] = np.round(points[:, 0])
    anchor = anchor_of(points, result.lesion_labels.shape) if len(points) else "lower_left"
    return {
        "data": np.vstack([points, corner]),
        "text": {"string": [*words, name], "color": "white", "size": 12, "anchor": anchor},
        "size": 0.1,
        "face_color": "transparent",
        "border_color": "transparent",
    }


def _matrix(compared: Any) -> Any:
    """What lays the later visit over the first, for layers."""
    fit = compared.change.fit
    n = len(fit.shift)
    matrix = np.eye(n + 1)
    if n == 2:
        matrix[:n, :n], matrix[:n, n] = fit.turn, fit.shift
    else:
        middle = compared.middle
        matrix[:n, n] = fit(middle[None])[0] - middle
    return matrix
