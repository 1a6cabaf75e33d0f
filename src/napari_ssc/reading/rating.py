"""Rate heat maps: five buttons per pattern, or the keys 1 to 5."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import (
    QButtonGroup,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QShortcut,
    QVBoxLayout,
    QWidget,
)

from ssc_core.errors import SscError

__all__ = ["RateMaps"]

_PATTERNS = ("tot", "gg", "ret")


class RateMaps(QWidget):
    """One reader's ratings; the pattern that a key rates is marked and moves on by itself.

    Parameters
    ----------
    viewer : napari.Viewer
        Shows the picture of the three maps.
    who : callable
        Alias and session (only the alias counts here).
    say : callable
        ``say(text, problem=False)``.
    """

    def __init__(self, viewer: Any, who: Callable[[], tuple[str, str]], say: Callable[..., None]) -> None:
        super().__init__()
        self.viewer, self._who, self._say = viewer, who, say
        self.session: Any = None
        self._layer: Any = None
        self._at = 0
        self.open_button = QPushButton("Open table of heat maps ...")
        self.bar = QProgressBar()
        self.bar.setFormat("%v of %m rated")
        self.buttons: dict[tuple[str, int], QPushButton] = {}
        self.titles = {p: QLabel(p.upper()) for p in _PATTERNS}
        self.back_button, self.next_button = QPushButton("Back"), QPushButton("Next")
        self.export_button = QPushButton("Export ratings ...")
        self._lay_out()
        self._keys = [QShortcut(QKeySequence(str(n)), self) for n in range(1, 6)]
        for n, key in enumerate(self._keys, 1):
            key.activated.connect(lambda n=n: self.press(n))
        self.open_button.clicked.connect(self._ask)
        self.back_button.clicked.connect(lambda: self._move(-1))
        self.next_button.clicked.connect(lambda: self._move(1))
        self.export_button.clicked.connect(self._export)
        self._enable(False)

    def listen(self, on: bool) -> None:
        """Whether the keys 1 to 5 rate; they belong to napari otherwise."""
        for key in self._keys:
            key.setEnabled(on and self.session is not None and self.session.current is not None)

    def set_shown(self, on: bool) -> None:
        """Show or hide the image of this task."""
        if self._layer is not None and self._layer in self.viewer.layers:
            self._layer.visible = on

    def open_table(self, table: str | Path, folder: str | Path) -> None:
        """Begin or take up this reader's ratings."""
        from ssc_core.io.output import claim
        from ssc_core.lung.reading.maps import read_maps, record_rating
        from ssc_core.lung.reading.rating import RatingSession

        try:
            items = read_maps(table)
            place = record_rating(claim(folder), items, 0)
            self.session = RatingSession(place, items, reader=self._who()[0])
        except SscError as error:
            self._say(str(error), True)
            return
        self._show()

    def press(self, value: int) -> None:
        """Rate the marked pattern, as the keys do; behind the third the next picture comes."""
        self.rate(_PATTERNS[self._at], value)
        if self._at == len(_PATTERNS) - 1:
            self._move(1)
        else:
            self._mark(self._at + 1)

    def rate(self, pattern: str, value: int) -> None:
        """Rate one pattern; it is on disk when this returns."""
        try:
            self.session.rate(pattern, value)
        except (SscError, OSError) as error:
            self._say(str(error), True)
            return
        self.buttons[pattern, value].setChecked(True)
        self.bar.setValue(self.session.done)
        self._mark(_PATTERNS.index(pattern))
        self.export_button.setEnabled(True)

    def _move(self, by: int) -> None:
        (self.session.forward if by > 0 else self.session.back)()
        self._show()

    def _show(self) -> None:
        import matplotlib.image

        item = self.session.current
        self.bar.setRange(0, len(self.session.order))
        self.bar.setValue(self.session.done)
        self._enable(item is not None)
        self.listen(True)
        if self._layer is not None and self._layer in self.viewer.layers:
            self.viewer.layers.remove(self._layer)
        self._layer = None
        title = self.session.title
        self._say(title[0].upper() + title[1:] + ".")
        given = {} if item is None else self.session.given(item)
        for group in self._groups.values():
            group.setExclusive(False)
        for (pattern, value), button in self.buttons.items():
            button.setChecked(given.get(pattern) == value)
        for group in self._groups.values():
            group.setExclusive(True)
        if item is None:
            return
        try:
            picture = matplotlib.image.imread(item.picture)
        except (OSError, ValueError, SyntaxError):
            self._say(f"{title}: its picture cannot be read; write the heat maps again.", True)
            return
        self._layer = self.viewer.add_image(picture, name=title, rgb=True)
        self.viewer.reset_view()
        self._mark(next((i for i, p in enumerate(_PATTERNS) if p not in given), 0))

    def _mark(self, at: int) -> None:
        self._at = at
        for i, (pattern, label) in enumerate(self.titles.items()):
            label.setText(
                f"\N{BLACK RIGHT-POINTING TRIANGLE} {pattern.upper()}" if i == at else pattern.upper()
            )

    def _ask(self) -> None:
        table, _ = QFileDialog.getOpenFileName(self, "Open table of heat maps", "", "Table (*.csv)")
        if not table:
            return
        folder = QFileDialog.getExistingDirectory(self, "Folder for the ratings (new or begun)")
        if folder:
            self.open_table(table, folder)

    def _export(self) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self, "Export ratings", self.session.file.name, "Ratings (*.json)"
        )
        if path:
            try:
                shutil.copyfile(self.session.file, path)
            except shutil.SameFileError:
                self._say("The ratings are in this file already.")
            except OSError as error:
                self._say(
                    f"The ratings cannot be written there ({error.strerror}); choose another place.", True
                )

    def _enable(self, on: bool) -> None:
        for widget in (*self.buttons.values(), self.next_button):
            widget.setEnabled(on)
        self.back_button.setEnabled(self.session is not None)
        self.export_button.setEnabled(self.session is not None and self.session.done > 0)

    def _lay_out(self) -> None:
        from ssc_core.lung.reading.rating import LIKERT

        column = QVBoxLayout(self)
        column.addWidget(self.open_button)
        column.addWidget(self.bar)
        said = QLabel(
            "Do you agree with the heat map: does it show where this pattern is? 1 strongly disagree ..."
            " 5 strongly agree. The keys 1 to 5 rate the marked pattern."
        )
        said.setWordWrap(True)
        column.addWidget(said)
        grid = QGridLayout()
        self._groups = {}
        for i, pattern in enumerate(_PATTERNS):
            grid.addWidget(self.titles[pattern], i, 0)
            group = self._groups[pattern] = QButtonGroup(self)
            for value, label in LIKERT.items():
                button = QPushButton(str(value))
                button.setCheckable(True)
                button.setMaximumWidth(44)
                button.setToolTip(f"{pattern.upper()}: {label}")
                button.setAccessibleName(f"{pattern.upper()}: {label}")
                button.clicked.connect(lambda _=False, p=pattern, v=value: self.rate(p, v))
                group.addButton(button)
                self.buttons[pattern, value] = button
                grid.addWidget(button, i, value)
        column.addLayout(grid)
        row = QHBoxLayout()
        for widget in (self.back_button, self.next_button):
            row.addWidget(widget)
        column.addLayout(row)
        column.addStretch(1)
        column.addWidget(self.export_button)
