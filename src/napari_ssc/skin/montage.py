"""Pictures of patches in a row or two; a click on one says which it was."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QIcon, QImage, QPixmap
from qtpy.QtWidgets import QGridLayout, QLabel, QToolButton, QWidget

__all__ = ["Montage"]

_SIDE = 58


class Montage(QWidget):
    """Rows of small pictures with a title each.

    Signal ``picked(index)``: index of the patch whose picture was clicked.
    """

    picked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("Montage")
        self.buttons: dict[int, QToolButton] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(2)

    def show_rows(self, pictures: Any, rows: dict[str, Any], tips: Any) -> None:
        """Show patches.

        Parameters
        ----------
        pictures : (n, y, x, 3) uint8 array
            Of all patches.
        rows : dict of str to array of int
            Title of a row -> patches in it.
        tips : sequence of str
            What each patch is, told when the mouse rests on it.
        """
        while (item := self._grid.takeAt(0)) is not None:
            item.widget().deleteLater()
        self.buttons = {}
        for number, (title, indices) in enumerate(rows.items()):
            self._grid.addWidget(QLabel(title), 2 * number, 0, 1, max(len(indices), 1))
            for place, index in enumerate(indices):
                button = QToolButton()
                button.setIcon(QIcon(_pixmap(pictures[index])))
                button.setIconSize(QSize(_SIDE, _SIDE))
                button.setAutoRaise(True)
                button.setToolTip(str(tips[index]))
                button.setAccessibleName(str(tips[index]))
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
                button.clicked.connect(lambda _=False, i=int(index): self.picked.emit(i))
                self._grid.addWidget(button, 2 * number + 1, place)
                self.buttons[int(index)] = button


def _pixmap(picture: Any) -> QPixmap:
    rgb = np.ascontiguousarray(picture, np.uint8)
    height, width, _ = rgb.shape
    image = QImage(rgb.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    return QPixmap.fromImage(image.copy())  # the copy owns its pixels
