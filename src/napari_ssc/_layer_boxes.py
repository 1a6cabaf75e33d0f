"""Pickers that follow the viewer's list of layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtWidgets import QComboBox

from napari_ssc._layers import SOURCE

__all__ = ["LayerBoxes"]

_NOTHING = "(none)"


class LayerBoxes:
    """One box for the image, one for each kind of layer that may be handed to the analysis.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose layers are listed.
    image_box : QComboBox
        Lists the layers whose source is accepted.
    accepts : callable
        Source -> bool.
    boxes : list of QComboBox
        Each starts with "(none)".
    kinds : list of str
        What each lists: "Shapes", "Labels", "Points".
    """

    def __init__(
        self,
        viewer: Any,
        image_box: QComboBox,
        accepts: Callable[[Any], bool],
        boxes: list[QComboBox],
        kinds: list[str],
    ) -> None:
        self._layers = viewer.layers
        self._accepts = accepts
        self._boxes, self._kinds = [image_box, *boxes], ["", *kinds]
        self._listed: list[list[Any]] = [[] for _ in self._boxes]
        self._layers.events.inserted.connect(self._list)
        self._layers.events.removed.connect(self._list)
        self._list()

    def image(self) -> Any:
        """The picked image layer, or None."""
        return self._picked(0)

    def given(self) -> list[Any]:
        """The other picked layers, None where nothing is picked."""
        return [self._picked(k) for k in range(1, len(self._boxes))]

    def pick_image(self, layer: Any) -> None:
        """Pick `layer`."""
        self._boxes[0].setCurrentIndex(self._listed[0].index(layer))

    def pick_given(self, number: int, layer: Any) -> None:
        """Pick `layer` in box `number`, from 0."""
        self._boxes[number + 1].setCurrentIndex(self._listed[number + 1].index(layer))

    def let_go(self) -> None:
        """Follow the viewer no longer."""
        self._layers.events.inserted.disconnect(self._list)
        self._layers.events.removed.disconnect(self._list)

    def _picked(self, k: int) -> Any:
        at = self._boxes[k].currentIndex()
        return self._listed[k][at] if 0 <= at < len(self._listed[k]) else None

    def _list(self, event: Any = None) -> None:
        for layer in self._layers:
            layer.events.name.disconnect(self._list)
            layer.events.name.connect(self._list)
        for k, box in enumerate(self._boxes):
            before = self._picked(k)
            images = [la for la in self._layers if self._accepts(la.metadata.get(SOURCE))]
            drawn = [None, *(la for la in self._layers if type(la).__name__ == self._kinds[k])]
            self._listed[k] = drawn if k else images
            box.blockSignals(True)  # listing anew picks nothing
            box.clear()
            box.addItems([_NOTHING if la is None else la.name for la in self._listed[k]])
            if before in self._listed[k]:
                box.setCurrentIndex(self._listed[k].index(before))
            box.blockSignals(False)
            if self._picked(k) != before:
                box.currentIndexChanged.emit(box.currentIndex())
