"""What changes more than a stroke: interpolate, grow, smooth, fill, islands, sides. Each is one form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from qtpy.QtWidgets import QComboBox, QFormLayout, QLabel, QLineEdit, QWidget

from napari_ssc.lung.fields import button, number, row
from napari_ssc.lung.session import Session
from napari_ssc.lung.view import PLANES
from ssc_core.errors import InputError
from ssc_core.geometry import Box
from ssc_core.lung.refinement import (
    Change,
    fill_holes,
    grow,
    interpolate,
    keep_largest,
    remove_island,
    smooth,
    split_sides,
)
from ssc_core.progress import Tick

__all__ = ["TOOLS", "Place", "Tool"]

Work = Callable[[Tick], "Change | None"]


class Place(Protocol):
    """Where a tool is used, as the section knows it."""

    session: Session
    label: int
    plane: str
    slice: int
    voxel: tuple[int, int, int]
    seeds: Any


class Tool(QWidget):
    """A form and what it does: :meth:`work` reads it in the GUI thread, what it returns runs in another."""

    title = ""
    help = ""

    def __init__(self) -> None:
        super().__init__()
        self.form = QFormLayout(self)
        self.form.setContentsMargins(0, 0, 0, 0)
        told = QLabel(self.help)
        told.setWordWrap(True)
        self.form.addRow(told)

    def work(self, place: Place) -> Work:
        """What to do there."""
        raise TypeError("a tool says what it does")


def _scope() -> QComboBox:
    box = QComboBox()
    box.addItems(["this slice", "whole label, in 3-D"])
    return box


def _slice_box(place: Place) -> Box:
    axis = PLANES[place.plane][0]
    start, stop = [0, 0, 0], list(place.session.labels.shape)
    start[axis], stop[axis] = place.slice, place.slice + 1
    return Box(tuple(start), tuple(stop))


class Interpolate(Tool):
    """Between drawn slices."""

    title = "Interpolate between slices"
    help = "Draws the label on the slices between those that you drew in this plane."

    def __init__(self) -> None:
        super().__init__()
        self.slices = QLineEdit()
        self.slices.setPlaceholderText("110, 118, 126")
        self.slices.setToolTip("Slices of this plane that are drawn and stay as they are; strokes add theirs")
        clear = button("Clear", "Begin a new list", self.slices.clear)
        self.form.addRow("Drawn slices", row(self.slices, clear))

    def painted(self, slice_: int) -> None:
        """A stroke of the label was drawn on this slice."""
        self.slices.setText(", ".join(map(str, sorted({*self._said(), slice_}))))

    def _said(self) -> list[int]:
        try:
            return [int(part) for part in self.slices.text().replace(",", " ").split()]
        except ValueError:
            raise InputError("the drawn slices are whole numbers, as 110, 118, 126") from None

    def work(self, place: Place) -> Work:
        """Interpolate."""
        session, slices, label, plane = place.session, self._said(), place.label, place.plane
        return lambda _tick: interpolate(session.labels, session.frame, label, slices, plane)


class Grow(Tool):
    """From strokes."""

    title = "Grow from strokes"
    help = "Draw a stroke on what belongs to the label (green) and on what does not (red)."

    def __init__(self) -> None:
        super().__init__()
        self.inside = button(
            "Inside", "The brush draws what belongs to the label", self._pick_in, sticks=True
        )
        self.outside = button("Outside", "The brush draws what does not", self._pick_out, sticks=True)
        self.clear = button("Clear", "Remove the strokes")
        self.form.addRow("Brush", row(self.inside, self.outside, self.clear))
        self.method = QComboBox()
        self.method.addItems(["geodesic", "random walker"])
        self.method.setToolTip("The random walker holds weak edges better and is slow: small regions only")
        self.form.addRow("Method", self.method)
        self.reach = number(20, 1, 100, "mm", 1, "How far from the strokes at most")
        self.edge = number(50, 1, 500, "HU", 5, "How different HU must be to count as an edge")
        self.form.addRow("Reach, edge", row(self.reach, self.edge))
        self.drawing: Callable[[int | None], None] = lambda value: None
        """Told 1 or 2 when the brush shall draw seeds, None when it shall paint the mask again."""

    def _pick_in(self) -> None:
        self.outside.setChecked(False)
        self.drawing(1 if self.inside.isChecked() else None)

    def _pick_out(self) -> None:
        self.inside.setChecked(False)
        self.drawing(2 if self.outside.isChecked() else None)

    def stop(self) -> None:
        """Draw no more seeds."""
        self.inside.setChecked(False)
        self.outside.setChecked(False)
        self.drawing(None)

    def work(self, place: Place) -> Work:
        """Grow within reach of the strokes."""
        session, seeds, reach = place.session, place.seeds, self.reach.value()
        if seeds is None or not seeds.drawn:
            raise InputError("draw a stroke first: press Inside and draw on what belongs to the label")
        margin = tuple(int(reach / d) + 1 for d in session.frame.spacing)
        box, inside, outside = seeds.box(margin), seeds.points(1), seeds.points(2)
        options: dict[str, Any] = {
            "label": place.label, "method": self.method.currentText(), "edge_hu": self.edge.value(),
            "plane": place.plane, "slice_": place.slice, "reach_mm": reach,
        }  # fmt: skip
        return lambda tick: grow(
            session.labels, session.hu, session.frame, box, inside, outside, tick=tick, **options
        )


class Smooth(Tool):
    """The outline."""

    title = "Smooth the outline"
    help = "Takes spikes and dents away; straight borders stay where they are."

    def __init__(self) -> None:
        super().__init__()
        self.sigma = number(1.5, 0.2, 20, "mm", 0.5, "Spikes and dents narrower than about this vanish")
        self.scope = _scope()
        self.form.addRow("By", row(self.sigma, self.scope))

    def work(self, place: Place) -> Work:
        """Smooth."""
        session, label, sigma = place.session, place.label, self.sigma.value()
        if self.scope.currentIndex():
            return lambda tick: smooth(session.labels, session.frame, label, sigma, tick=tick)
        box, plane = _slice_box(place), place.plane
        return lambda _tick: smooth(session.labels, session.frame, label, sigma, box=box, plane=plane)


class Fill(Tool):
    """Holes."""

    title = "Fill holes"
    help = "Fills what the label encloses, such as a vessel or a dense spot."

    def __init__(self) -> None:
        super().__init__()
        self.size = number(
            500, 1, 100_000, "mm\N{SUPERSCRIPT TWO} / mm\N{SUPERSCRIPT THREE}", 100, "Up to this size"
        )
        self.scope = QComboBox()
        self.scope.addItems(["in each slice of this plane", "enclosed in 3-D"])
        self.form.addRow("Up to", row(self.size, self.scope))

    def work(self, place: Place) -> Work:
        """Fill."""
        session, label, size = place.session, place.label, self.size.value()
        plane = None if self.scope.currentIndex() else place.plane
        return lambda _tick: fill_holes(session.labels, session.frame, label, plane=plane, largest=size)


class Islands(Tool):
    """Pieces that hang on nothing."""

    title = "Remove islands"
    help = "Removes the piece under the cross lines (click on it first), or all pieces but the largest."

    def __init__(self) -> None:
        super().__init__()
        self.which = QComboBox()
        self.which.addItems(["all but the largest", "piece here, in 3-D", "piece here, this slice only"])
        self.form.addRow("Which", self.which)

    def work(self, place: Place) -> Work:
        """Remove."""
        session, label, voxel = place.session, place.label, place.voxel
        kind = self.which.currentIndex()
        if kind == 0:
            return lambda _tick: keep_largest(session.labels, label)
        plane = place.plane if kind == 2 else None
        return lambda _tick: remove_island(session.labels, voxel, plane)


class Sides(Tool):
    """Right and left lung."""

    title = "Part right and left lung"
    help = "Parts both lungs anew where they touch, or puts exchanged sides right; the cut is known to 2 mm."

    def work(self, place: Place) -> Work:
        """Part them."""
        session = place.session
        return lambda tick: split_sides(session.labels, session.frame, (1, 2), tick=tick)


TOOLS: tuple[type[Tool], ...] = (Interpolate, Grow, Smooth, Fill, Islands, Sides)
