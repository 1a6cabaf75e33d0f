"""The panel of a reader study: who reads, and two tasks as tabs."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QFormLayout, QLabel, QLineEdit, QTabWidget, QVBoxLayout, QWidget

from napari_ssc._saying import tell
from napari_ssc._settings import alias
from napari_ssc.reading.rating import RateMaps
from napari_ssc.reading.scoring import ScoreSlices

__all__ = ["ReaderStudy"]


class ReaderStudy(QWidget):
    """Blinded queue, one image at a time; every click is on disk at once.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        Given by napari under this name.
    """

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.setObjectName("ReaderStudy")
        self.viewer = napari_viewer
        self.reader_line, self.session_line = QLineEdit(alias()), QLineEdit("T1")
        self.reader_line.setPlaceholderText("alias, never a name")
        who = QFormLayout()
        who.addRow("Reader", self.reader_line)
        who.addRow("Session", self.session_line)
        self.message = QLabel(
            "Give an alias, then open a study. Names of patients and files are never shown."
        )
        self.message.setWordWrap(True)
        self.scoring = ScoreSlices(napari_viewer, self.who, self.say)
        self.rating = RateMaps(napari_viewer, self.who, self.say)
        self.tabs = QTabWidget()
        self.tabs.addTab(self.scoring, "Score slices")
        self.tabs.addTab(self.rating, "Rate heat maps")
        self.tabs.currentChanged.connect(self._turn)
        self.rating.listen(False)
        column = QVBoxLayout(self)
        column.addLayout(who)
        column.addWidget(self.message)
        column.addWidget(self.tabs, stretch=1)
        self.setMinimumWidth(340)

    @property
    def busy(self) -> bool:
        """Whether a study or an image is being opened."""
        return self.scoring.busy

    def who(self) -> tuple[str, str]:
        """Alias and session as written."""
        return self.reader_line.text().strip(), self.session_line.text().strip()

    def say(self, text: str, problem: bool = False) -> None:
        """One sentence to the reader; a problem stands out."""
        tell(self.message, text, problem)

    def _turn(self) -> None:
        """Only the image of the task at hand is shown, and only rating takes the keys 1 to 5."""
        for task in (self.scoring, self.rating):
            task.set_shown(task is self.tabs.currentWidget())
        self.rating.listen(self.tabs.currentWidget() is self.rating)

    def closeEvent(self, event: Any) -> None:
        """Stop what is being opened."""
        self.scoring.stop()
        super().closeEvent(event)
