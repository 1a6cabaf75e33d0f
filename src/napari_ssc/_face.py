"""What every panel shows, from top to bottom, without behaviour."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QEvent, QSize, Qt
from qtpy.QtWidgets import (
    QComboBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)
from superqt import QCollapsible

from napari_ssc._form import Form
from napari_ssc._saying import tell
from napari_ssc._table import ResultTable

__all__ = ["Face"]


class Face(QWidget):
    """Image and drawn layers | parameters | Run | message | result and save | further sections as tabs.

    Parameters
    ----------
    image_label : str
        What the image is called here ("Slide").
    takes_folders : bool
        Whether an image may be a folder.
    given_labels : list of str
        One picker each for a layer that may be handed to the analysis.
    open_form, form : Form
        What a file may not say; the parameters.
    """

    def __init__(
        self, image_label: str, takes_folders: bool, given_labels: list[str], open_form: Form, form: Form
    ) -> None:
        super().__init__()
        self.open_form, self.form = open_form, form
        self.open_button = QPushButton("Open file ...")
        self.folder_button = QPushButton("Open folder ...")
        self.folder_button.setVisible(takes_folders)
        self.image_box = QComboBox()
        self.given_boxes = [QComboBox() for _ in given_labels]
        self.run_button = QPushButton("Run")
        self.bar = QProgressBar()
        self.stop_button = QPushButton("Cancel")
        self.message = QLabel()
        self.table = ResultTable()
        self.before, self.extra = QVBoxLayout(), QVBoxLayout()
        self.above = QVBoxLayout()
        self.tabs = QTabWidget()
        self.save_button = QPushButton("Save result ...")
        self.record_button = QPushButton("Parameters from run.json ...")
        self.command_button = QPushButton("Copy as command")
        self._lay_out(image_label, given_labels)

    def say(self, text: str, problem: bool = False) -> None:
        """One sentence to the user; a problem stands out."""
        tell(self.message, text, problem)

    def add_section(self, title: str, section: QWidget) -> None:
        """A further tab beside *Measure*; a panel with none shows no tabs."""
        self.tabs.addTab(_Scrolling(section), title)

    def section_shown(self) -> QWidget:
        """What the tab in front holds."""
        shown: QWidget = self.tabs.currentWidget().widget()
        return shown

    def show_section(self, section: QWidget) -> None:
        """Bring a section to the front."""
        pages = [self.tabs.widget(i).widget() for i in range(self.tabs.count())]
        self.tabs.setCurrentIndex(pages.index(section))

    def _lay_out(self, image_label: str, given_labels: list[str]) -> None:
        self.bar.setRange(0, 1000)
        self.bar.setVisible(False)
        self.message.setWordWrap(True)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.table.setMinimumHeight(150)
        self.save_button.setEnabled(False)
        self.command_button.setToolTip("The same run as a line for the shell; it gives the same files")
        self.record_button.setToolTip("Set the parameters as in an earlier result")

        column = QVBoxLayout()
        column.addLayout(_side_by_side(self.open_button, self.folder_button))
        column.addWidget(_folded("If the file does not say", self.open_form.container.native))
        self.picking = QFormLayout()
        self.picking.addRow(image_label, self.image_box)
        for label, box in zip(given_labels, self.given_boxes, strict=True):
            self.picking.addRow(label, box)
        column.addLayout(self.picking)
        self.parameters = _folded("Parameters", self.form.container.native, self.record_button)
        column.addWidget(self.parameters)
        self.run_button.setStyleSheet("font-weight: bold; padding: 6px;")
        column.addWidget(self.run_button)
        column.addLayout(self.before)
        column.addWidget(self.table, stretch=1)
        column.addLayout(self.extra)
        column.addLayout(_side_by_side(self.save_button, self.command_button))
        page = QWidget()
        page.setLayout(column)
        self.tabs.setTabBarAutoHide(True)
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.setStyleSheet("QTabWidget::pane { border: 0; }")
        self.tabs.addTab(_Scrolling(page), "Measure")
        self.stop_button.setVisible(False)

        whole = QVBoxLayout(self)
        whole.setContentsMargins(4, 4, 4, 4)
        whole.addWidget(self.message)
        whole.addLayout(_side_by_side(self.bar, self.stop_button))
        whole.addLayout(self.above)
        whole.addWidget(self.tabs, stretch=1)
        self.setMinimumWidth(360)


class _Scrolling(QScrollArea):
    """Scrolls its page up and down; never narrower than the page, so that nothing is cut off at the side."""

    def __init__(self, page: QWidget) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(page)

    def minimumSizeHint(self) -> QSize:
        """As wide as the page and the bar beside it."""
        page, bar = self.widget().minimumSizeHint(), self.verticalScrollBar().sizeHint()
        return QSize(page.width() + bar.width(), super().minimumSizeHint().height())

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """A page that grew asks for room."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return bool(super().eventFilter(watched, event))


def _side_by_side(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    for widget in widgets:
        row.addWidget(widget)
    return row


def _folded(title: str, *contents: Any) -> QCollapsible:
    section = QCollapsible(title, expandedIcon="\N{BLACK DOWN-POINTING SMALL TRIANGLE}",
                           collapsedIcon="\N{BLACK RIGHT-POINTING SMALL TRIANGLE}")  # fmt: skip
    section.setDuration(0)
    for widget in contents:
        section.addWidget(widget)
    section.collapse(animate=False)
    return section
