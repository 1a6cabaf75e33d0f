"""Plane and window at a glance, above the sections."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QButtonGroup, QComboBox, QHBoxLayout, QPushButton, QWidget

from napari_ssc.lung.view import PLANES, WINDOWS

__all__ = ["ViewStrip"]


class ViewStrip(QWidget):
    """Three buttons for the planes and a box for the window.

    Signals: ``plane(name)`` and ``window(name)``, when the user asks for one.
    """

    plane = Signal(str)
    window = Signal(str)

    def __init__(self, keys: dict[str, str]) -> None:
        super().__init__()
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(2)
        group = QButtonGroup(self)
        self.buttons = {name: QPushButton(name.capitalize()) for name in PLANES}
        for name, button in self.buttons.items():
            button.setCheckable(True)
            button.setToolTip(
                f"Show the {name} plane through this place ({keys[name]}, with the pointer there)"
            )
            button.clicked.connect(lambda *_, name=name: self.plane.emit(name))
            group.addButton(button)
            line.addWidget(button)
        self.windows = QComboBox()
        for name, (centre, width) in WINDOWS.items():
            self.windows.addItem(f"{name} window", name)
            self.windows.setItemData(
                self.windows.count() - 1, f"centre {centre:g}, width {width:g} HU ({keys[name]})", 3
            )  # 3: the role of a tooltip
        self.windows.setToolTip("Which HU are black and white: " + ", ".join(keys[n] for n in WINDOWS))
        self.windows.activated.connect(lambda at: self.window.emit(self.windows.itemData(at)))
        line.addWidget(self.windows, stretch=1)
        self.setEnabled(False)

    def tell(self, plane: str | None, window: str | None) -> None:
        """Show what is in effect."""
        if plane is not None:
            self.buttons[plane].setChecked(True)
        if window is not None:
            self.windows.setCurrentIndex(self.windows.findData(window))

    @property
    def chosen(self) -> Any:
        """Name of the window that is shown."""
        return self.windows.currentData()
