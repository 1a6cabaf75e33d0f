"""Looking at a chest: three linked planes with the head up, window presets, the place under the pointer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from napari_ssc._view import camera_of

__all__ = [
    "PLANES",
    "WINDOWS",
    "View",
    "plane_of",
    "show_plane",
    "show_slice",
    "show_view",
    "show_window",
    "upright",
    "view_of",
]

WINDOWS = {
    "lung": (-600.0, 1500.0),
    "mediastinum": (40.0, 400.0),
    "bone": (400.0, 1800.0),
    "wide": (0.0, 3000.0),
}
"""Name -> centre and width in HU."""

PLANES = {"axial": (0, 1, 2), "coronal": (1, 0, 2), "sagittal": (2, 0, 1)}
"""Name -> order of the axes (z, y, x): the one that is stepped through, then down, then across the screen."""


@dataclass(frozen=True)
class View:
    """What the user looks at, to be shown again."""

    order: tuple[int, ...]
    point: tuple[float, ...]
    centre: tuple[float, ...]
    zoom: float


def plane_of(viewer: Any) -> str | None:
    """The plane that is shown; None in 3-D or where there are not three axes."""
    dims = viewer.dims
    if dims.ndisplay != 2 or dims.ndim != 3:
        return None
    return next(name for name, order in PLANES.items() if order[0] == dims.order[0])


def show_plane(viewer: Any, plane: str, at: Any = None) -> None:
    """Show a plane through a world position, which comes to the middle; the zoom stays.

    Parameters
    ----------
    viewer : napari.Viewer
        With three axes.
    plane : {"axial", "coronal", "sagittal"}
        Which.
    at : sequence of float, optional
        World position; by default where the viewer is.
    """
    dims, camera = viewer.dims, camera_of(viewer)
    if dims.ndim != 3:
        return
    zoom, point = camera.zoom, tuple(dims.point if at is None else at)
    changes = plane_of(viewer) != plane
    dims.ndisplay = 2
    dims.order = PLANES[plane]
    dims.point = point
    upright(viewer)
    if changes or at is not None:
        camera.zoom = zoom
        camera.center = (0.0, *(point[axis] for axis in dims.displayed))


def upright(viewer: Any) -> None:
    """Head up in coronal and sagittal slices, front up in axial ones."""
    up = "down" if plane_of(viewer) in ("axial", None) else "up"
    camera = camera_of(viewer)
    if str(camera.orientation2d[0]) != up:
        camera.orientation2d = (up, "right")


def show_slice(viewer: Any, plane: str, index: int, layer: Any) -> None:
    """Show slice `index` of `layer` in a plane, and leave the camera if it is the plane that is shown."""
    if plane_of(viewer) != plane:
        show_plane(viewer, plane)
    axis = PLANES[plane][0]
    position = [0.0, 0.0, 0.0]
    position[axis] = index
    viewer.dims.set_point(axis, layer.data_to_world(position)[axis])


def view_of(viewer: Any) -> View:
    """What is looked at now."""
    camera = camera_of(viewer)
    return View(tuple(viewer.dims.order), tuple(viewer.dims.point), tuple(camera.center), float(camera.zoom))


def show_view(viewer: Any, view: View) -> None:
    """Look there again."""
    camera = camera_of(viewer)
    viewer.dims.ndisplay = 2
    viewer.dims.order = view.order
    viewer.dims.point = view.point
    upright(viewer)
    camera.center, camera.zoom = view.centre, view.zoom


def show_window(layer: Any, name: str) -> None:
    """Show a CT in one of :data:`WINDOWS`."""
    centre, width = WINDOWS[name]
    layer.contrast_limits = (centre - width / 2, centre + width / 2)
