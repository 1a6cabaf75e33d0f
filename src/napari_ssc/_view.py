"""Moving the viewer to a place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from napari_ssc._layers import SOURCE

__all__ = ["camera_of", "fly_to", "open_slide_here"]


def fly_to(viewer: Any, place: Sequence[float], zoom: float | None = None) -> None:
    """Centre the view on a world position: slice and camera.

    Parameters
    ----------
    viewer : napari.Viewer
        The viewer.
    place : sequence of float
        World position, in the order of the viewer's last axes.
    zoom : float, optional
        Screen pixels per world unit; as it is when not given.
    """
    dims = viewer.dims
    point = [*dims.point[: dims.ndim - len(place)], *place]
    for axis in set(range(dims.ndim)) - set(dims.displayed):
        dims.set_point(axis, point[axis])
    centre = tuple(point[axis] for axis in dims.displayed)
    camera = camera_of(viewer)
    camera.center = (0.0, *centre)[-3:]
    if zoom is not None:
        camera.zoom = zoom


def camera_of(viewer: Any) -> Any:
    """The camera; napari 0.9 moved it."""
    return getattr(viewer, "scene", viewer).camera


def open_slide_here() -> Any:
    """The slide of the current viewer, if there is exactly one."""
    import napari

    from ssc_core.io.slide import Slide

    viewer = napari.current_viewer()
    layers = [] if viewer is None else viewer.layers
    slides = [s for s in (la.metadata.get(SOURCE) for la in layers) if isinstance(s, Slide)]
    return slides[0] if len(slides) == 1 else None
