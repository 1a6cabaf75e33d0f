"""What the brush paints: label, size, disc or ball, limits."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QButtonGroup, QCheckBox, QComboBox, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_ssc.lung.fields import number, row
from napari_ssc.lung.keys import KEYS
from ssc_core.lung.refinement import Brush

__all__ = ["LABELS", "BrushBox"]

LABELS = {1: ("Right", "#3aa6ff"), 2: ("Left", "#ffb000"), 3: ("Airway", "#e64b8c"), 0: ("Erase", "#888888")}


class BrushBox(QWidget):
    """The settings of the brush.

    Signals: ``turned(on)``, and ``changed()`` when the brush is another.
    """

    turned = Signal(bool)
    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.on = QPushButton("Brush")
        self.on.setCheckable(True)
        self.on.setToolTip(
            f"Paint with the left button, erase with Shift ({KEYS['brush']}); off, the mouse moves the image"
        )
        self.on.toggled.connect(self.turned)
        self._labels = QButtonGroup(self)
        self.labels: dict[int, QPushButton] = {}
        for value, (name, colour) in LABELS.items():
            made = QPushButton(name)
            made.setCheckable(True)
            made.setMinimumWidth(40)
            made.setStyleSheet(f"QPushButton {{ border-left: 6px solid {colour}; }}")
            self._labels.addButton(made, value)
            self.labels[value] = made
        self.labels[1].setChecked(True)
        self.radius = number(6, 0.5, 60, "mm", 1, "Radius of the brush")
        self.radius.setDecimals(1)
        self.shape = QComboBox()
        self.shape.addItems(["disc", "ball"])
        self.shape.setToolTip("A disc paints this slice, a ball the slices around it too")
        self.limited = QCheckBox("Only HU")
        self.limited.setToolTip(f"Paint only voxels within these HU ({KEYS['hu limit']})")
        self.low = number(-950, -1024, 3071, "", 10, "From this HU")
        self.high = number(-300, -1024, 3071, "HU", 10, "To this HU")
        self.background = QCheckBox("Leave other labels alone")
        self.background.setToolTip("Paint only where no label is")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addLayout(row(self.on, *self.labels.values()))
        column.addLayout(row(QLabel("Radius"), self.radius, self.shape))
        column.addLayout(row(self.limited, self.low, self.high))
        column.addWidget(self.background)
        for signal in (self._labels.idClicked, self.radius.valueChanged, self.shape.activated):
            signal.connect(lambda *_: self.changed.emit())

    @property
    def label(self) -> int:
        """What is painted; 0 erases."""
        return int(self._labels.checkedId())

    @property
    def hu_range(self) -> tuple[float, float] | None:
        """The limits, None for none."""
        return (self.low.value(), self.high.value()) if self.limited.isChecked() else None

    def brush(self) -> Brush:
        """As it is set; the plane is for the one who paints.

        Raises
        ------
        InputError
            If the HU limits are exchanged.
        """
        over = (0,) if self.background.isChecked() and self.label else None
        ball = self.shape.currentIndex() == 1
        return Brush(self.label, self.radius.value(), ball=ball, hu_range=self.hu_range, over=over)
