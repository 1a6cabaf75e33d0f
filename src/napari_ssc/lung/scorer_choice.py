"""Who scores, chosen once for all sections that need a scorer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QComboBox, QFileDialog

from ssc_core.lung.goh.engines import STARTER

__all__ = ["ScorerBox", "ScorerChoice"]

_RUN, _FILE = "a training run (folder) ...", "a weight file ..."


class ScorerChoice(QObject):
    """The scorer of a panel: a name or a path, as ``scorer_of`` takes it.

    Signal ``changed()``.

    Parameters
    ----------
    panel : QWidget
        To which it belongs.
    """

    changed = Signal()

    def __init__(self, panel: Any) -> None:
        from ssc_core.models.card import cards

        super().__init__(panel)
        nets = [name for name, card in cards().items() if card.architecture.startswith("snet-")]
        self.known: dict[str, str] = {name: name for name in (STARTER, "baseline", *nets)}
        """What is shown -> what is meant."""
        self.chosen = STARTER

    @classmethod
    def of(cls, panel: Any) -> ScorerChoice:
        """The one of this panel."""
        found = panel.findChild(cls)
        return cls(panel) if found is None else found

    @property
    def scorer(self) -> str:
        """Name or path."""
        return self.known[self.chosen]

    def choose(self, shown: str) -> None:
        """Take one that is known."""
        self.chosen = shown
        self.changed.emit()

    def choose_path(self, path: str | Path) -> None:
        """Take a run or a weight file."""
        self.known[Path(path).name] = str(path)
        self.choose(Path(path).name)


class ScorerBox(QComboBox):
    """Picks the scorer; all boxes of a panel show the same.

    Parameters
    ----------
    panel : LungPanel
        Whose scorer it is.
    """

    def __init__(self, panel: Any) -> None:
        super().__init__()
        self.choice = ScorerChoice.of(panel)
        self.setToolTip(
            "Who scores: the starter in the package, the baseline to compare with, a model on the shelf, or"
            " weights of your own. Read the scorer's card before you believe a number."
        )
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(14)
        self.choice.changed.connect(self._list)
        self.activated.connect(self._picked)
        self._list()

    def _list(self) -> None:
        self.clear()
        self.addItems([*self.choice.known, _RUN, _FILE])
        self.setCurrentText(self.choice.chosen)

    def _picked(self, _at: int) -> None:
        text = self.currentText()
        if text not in (_RUN, _FILE):
            self.choice.choose(text)
            return
        if text == _RUN:
            path = QFileDialog.getExistingDirectory(self, "Folder of a training run")
        else:
            path, _ = QFileDialog.getOpenFileName(self, "Weights of a scorer")
        if path:
            self.choice.choose_path(path)
        else:
            self._list()
