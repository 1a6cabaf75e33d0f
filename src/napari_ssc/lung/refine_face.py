"""What the section *Refine* shows, from top to bottom, without behaviour."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QComboBox, QLabel, QLineEdit, QStackedWidget, QVBoxLayout, QWidget

from napari_ssc._settings import alias
from napari_ssc.lung.begin import Beginning
from napari_ssc.lung.brush_box import BrushBox
from napari_ssc.lung.fields import button, row
from napari_ssc.lung.keys import KEYS
from napari_ssc.lung.previews import OtherPlanes
from napari_ssc.lung.suspects import Suspects
from napari_ssc.lung.tools import TOOLS, Grow, Interpolate, Tool

__all__ = ["RefineFace"]


class RefineFace(QWidget):
    """How one begins | brush | steps and approval | saving | other planes | tools | suspicious slices.

    Parameters
    ----------
    panel : LungPanel
        Whose viewer is followed.
    """

    def __init__(self, panel: Any) -> None:
        super().__init__()
        self.panel = panel
        self.beginning = Beginning(self)
        self.brush_box = BrushBox()
        self.tools: list[Tool] = [tool() for tool in TOOLS]
        self.interpolate = next(t for t in self.tools if isinstance(t, Interpolate))
        self.grow = next(t for t in self.tools if isinstance(t, Grow))
        self.suspects = Suspects(KEYS["next suspicious"])
        self.planes = OtherPlanes(panel.viewer)
        self.undo_button = button("Undo", f"Take the last step back, at its place ({KEYS['undo']})")
        self.redo_button = button("Redo", f"Do it again ({KEYS['redo']})")
        self.approve_button = button("Approve", f"Lock this axial slice, or unlock it ({KEYS['approve']})")
        self.all_button = button("Approve all", "Lock every slice")
        self.state = QLabel()
        self.state.setWordWrap(True)
        self.reader = QLineEdit(alias())
        self.reader.setPlaceholderText("your alias")
        self.reader.setToolTip("Stands beside each of your steps in the list that is saved with the mask")
        self.save_button = button("Save mask ...", "As NIfTI in the CT's own frame, read back after")
        self.stop_button = button("Stop", "End the correction; what is not saved is offered again")
        self.tool_button = button("Apply", "Do it; Undo takes it back")
        self.tool_box, self.stack = QComboBox(), QStackedWidget()
        for tool in self.tools:
            self.tool_box.addItem(tool.title)
            self.stack.addWidget(tool)
        self._lay_out()

    def _lay_out(self) -> None:
        self.work = QWidget()
        inside = QVBoxLayout(self.work)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(4)
        inside.addWidget(self.brush_box)
        inside.addLayout(row(self.undo_button, self.redo_button, self.approve_button, self.all_button))
        inside.addWidget(self.state)
        inside.addLayout(row(self.reader, self.save_button, self.stop_button))
        inside.addWidget(self.planes)
        inside.addLayout(row(self.tool_box, self.tool_button))
        inside.addWidget(self.stack)
        inside.addWidget(self.suspects)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.addWidget(self.beginning)
        column.addWidget(self.work)
        column.addStretch()
