"""What a reader changes in a calcinosis result: verdicts, outlines of bones and lesions, seeds."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QWidget

from napari_ssc._layers import CASE, ON, SOURCE, placed
from napari_ssc.calcinosis.showing import findings_of, shown_table

__all__ = ["Corrections"]

_FORGOTTEN = "Verdicts that were turned round were forgotten: the findings are others now."
_MASK, _SEEDS, _LESIONS = 0, 1, 2  # boxes of the panel


class Corrections(QWidget):
    """Buttons under the table; what they change counts from the next run on.

    Parameters
    ----------
    panel : CalcinosisPanel
        Whose result is corrected.
    """

    def __init__(self, panel: Any) -> None:
        super().__init__()
        self.panel, self.viewer = panel, panel.viewer
        self.seed_button = QPushButton("Click seeds ...")
        self.seed_button.setToolTip(
            "Lesions are then grown from the points that you click, and from no others"
        )
        self.count_button = QPushButton("Leave out")
        self.count_button.setToolTip("Turn the verdict on the chosen finding round; Run then uses it")
        self.lesions_button = QPushButton("Correct lesions")
        self.lesions_button.setToolTip(
            "Paint on the lesions, as large as you see them; Run measures them as drawn"
        )
        self.bones_button = QPushButton("Correct bones")
        self.bones_button.setToolTip(
            "Paint on the bones; Run then takes them away as drawn (they lose their numbers)"
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for button in (self.count_button, self.lesions_button, self.bones_button):
            row.addWidget(button)
            button.setEnabled(False)
        self.turned: set[int] = set()
        """Labels whose verdict differs from that of the shown result."""
        self._toggles: frozenset[int] = frozenset()
        """Labels turned round in the shown result."""
        self._basis: str | None = None
        self._layers: dict[str, Any] = {}
        self._heard: list[tuple[Any, Any]] = []
        self._next: tuple[str | None, frozenset[int]] = (None, frozenset())
        self._row = -1
        self.note = ""
        """What became of verdicts in the shown result."""
        self.seed_button.clicked.connect(lambda *_: self.click_seeds())
        self.count_button.clicked.connect(lambda *_: self.turn())
        self.lesions_button.clicked.connect(lambda *_: self.paint("lesions"))
        self.bones_button.clicked.connect(lambda *_: self.paint("bones"))
        panel.table.picked.connect(self.row_picked)

    # verdicts --------------------------------------------------------------------------------------------

    def toggles_for(self, source: Any, drawn: dict[str, Any]) -> tuple[int, ...]:
        """Labels to turn round in a run on what is drawn; none where labels would mean other findings."""
        if "lesions" in drawn:
            return ()  # drawn lesions say themselves what counts
        if self._basis is not None and self._basis_of(source, drawn) != self._basis:
            return ()
        return tuple(sorted(self._toggles ^ self.turned))

    def run_begins(self, source: Any, drawn: dict[str, Any]) -> None:
        """Remember what the run that begins is based on."""
        self._next = (self._basis_of(source, drawn), frozenset(self.toggles_for(source, drawn)))

    def turn(self) -> None:
        """Count the chosen finding, or leave it out, from the next run on."""
        result = self.panel.result
        if result is None or self._row < 0:
            self.panel.say("Choose a row of the table first.", problem=True)
            return
        finding = findings_of(result).iloc[self._row]
        label, row = int(finding["label"]), self._row
        if self.panel.boxes.given()[_LESIONS] is not None:
            self._redraw(label, bool(finding["counts"]))
            return
        self.turned ^= {label}
        self._remember()
        self.panel.table.show_frame(shown_table(result, self.turned))
        self.panel.table.pick(row)
        self.row_picked(row)
        counts = bool(finding["counts"]) != (label in self.turned)
        self.panel.say(f"Finding {label} will {'count' if counts else 'be left out'}; press Run.")

    def row_picked(self, row: int) -> None:
        """Say what the button would do to the chosen finding."""
        self._row = row
        if self.panel.result is None or row < 0:
            return
        finding = findings_of(self.panel.result).iloc[row]
        counts = bool(finding["counts"]) != (int(finding["label"]) in self.turned)
        self.count_button.setText("Leave out" if counts else "Count it")
        if "lesions" in self._layers:
            self._layers["lesions"].selected_label = int(finding["label"])

    # outlines --------------------------------------------------------------------------------------------

    def paint(self, what: str) -> None:
        """Take up the brush on the bones or lesions that are shown."""
        layer = self._layers.get(what)
        if layer is None or layer not in self.viewer.layers:
            self.panel.say(f"There are no {what} yet; press Run first.", problem=True)
            return
        self.viewer.layers.selection.active = layer
        layer.visible = True
        layer.mode = "paint"
        layer.brush_size = max(3, layer.brush_size if layer.brush_size < 10 else 5)
        if what == "bones" and layer.selected_label == 0:
            layer.selected_label = 1
        self.panel.say("Paint; 2 is the brush, 1 the eraser, M a new label. Run then uses what you drew.")

    def click_seeds(self) -> None:
        """Take up the picked seeds, or begin with none, and click."""
        image = self.panel.boxes.image()
        if image is None:
            self.panel.say("Open an image first; seeds are clicked on it.", problem=True)
            return
        layer = self.panel.boxes.given()[_SEEDS]
        if layer is None:
            source = image.metadata[SOURCE]
            style = {"name": "seeds", "size": 4, "face_color": "#00e5ff", "border_color": "black"}
            more = {**placed(source.frame), "metadata": {ON: source}}
            layer = self.viewer.add_points(
                np.empty((0, source.frame.ndim)), ndim=source.frame.ndim, **style, **more
            )
            self.panel.boxes.pick_given(_SEEDS, layer)
        self.viewer.layers.selection.active = layer
        layer.mode = "add"
        self.panel.say("Click into each lesion, then press Run: only what grows from the seeds counts.")

    # what the panel tells --------------------------------------------------------------------------------

    def show_result(self, result: Any, layers: dict[str, Any]) -> None:
        """A result is shown; `layers` are its "bones" and "lesions", found or drawn."""
        self._layers = layers
        dropped = (
            self._basis is not None and self._next[0] != self._basis and bool(self.turned | self._toggles)
        )
        self._basis, self._toggles = self._next
        self.turned = set()
        self._row = -1
        self._remember()
        for button in (self.count_button, self.lesions_button, self.bones_button):
            button.setEnabled(True)
        for role, number in (("bones", _MASK), ("lesions", _LESIONS)):
            if role in layers:
                self._listen(layers[role], number)
        self.panel.table.show_frame(shown_table(result, self.turned))
        self.note = _FORGOTTEN if dropped else ""

    def image_picked(self, image: Any, case: Any) -> None:
        """Another image: verdicts turned round on the one before are not for it."""
        said = None if case is None else case.toggles
        self._toggles = frozenset(int(w) for w in (said or "").replace(";", " ").replace(",", " ").split())
        self.turned, self._basis, self._row = set(), None, -1

    def _listen(self, layer: Any, number: int) -> None:
        def painted(event: Any = None) -> None:
            if layer in self.viewer.layers and self.panel.boxes.given()[number] is not layer:
                self.panel.boxes.pick_given(number, layer)
                what = "bones" if number == _MASK else "lesions"
                self.panel.say(f"Run now uses the {what} as you draw them.")

        if all(layer is not heard for heard, _ in self._heard):
            self._heard.append((layer, painted))
            layer.events.paint.connect(painted)

    def let_go(self) -> None:
        """Listen to the layers no longer."""
        for layer, painted in self._heard:
            layer.events.paint.disconnect(painted)
        self._heard = []

    def _redraw(self, label: int, counted: bool) -> None:
        """Where lesions are drawn, a verdict is a change of the drawing."""
        layer = self.panel.boxes.given()[_LESIONS]
        result = self.panel.result
        if counted:
            layer.data_setitem(np.nonzero(np.asarray(layer.data) == label), 0)
        else:
            at = np.nonzero((result.left_out_labels == label) & (np.asarray(layer.data) == 0))
            layer.data_setitem(at, label)
        self.panel.say(
            f"Finding {label} was {'taken off' if counted else 'put on'} the drawn lesions; press Run."
        )

    def _remember(self) -> None:
        """The case says what the equal command would say."""
        image = self.panel.boxes.image()
        case = None if image is None else image.metadata.get(CASE)
        if case is not None:
            words = " ".join(map(str, sorted(self._toggles ^ self.turned)))
            image.metadata[CASE] = case.model_copy(update={"toggles": words or None})

    def _basis_of(self, source: Any, drawn: dict[str, Any]) -> str:
        """What the labels of the findings depend on."""
        digest = hashlib.sha256(self.panel.form.values().model_dump_json().encode())
        digest.update(str(id(source)).encode())
        if "bones" in drawn:
            digest.update(np.packbits(drawn["bones"]).tobytes())
        digest.update(repr(drawn.get("seeds")).encode())
        return digest.hexdigest()
