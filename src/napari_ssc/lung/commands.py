"""What the sections *Goh* and *Heat maps* do, as the equal line of the shell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.QtWidgets import QApplication, QFileDialog

from napari_ssc._command import command_of
from napari_ssc._drawn_files import write_drawn
from napari_ssc._layers import CASE, SOURCE
from ssc_core.errors import InputError, SscError
from ssc_core.lung.drawn_levels import write_drawn_levels
from ssc_core.progress import Tick

__all__ = ["copy_command"]


def copy_command(panel: Any, verb: str, params: Callable[[], Any], levels: Any, **more: Any) -> None:
    """Put ``ssc lung VERB ...`` on the clipboard, or say why there is none.

    Parameters
    ----------
    panel : LungPanel
        Whose CT and drawn mask are meant, and who is told.
    verb : str
        "score", "heatmap" or "extent".
    params : callable
        Gives the parameters.
    levels : sequence of Level or None
        If a reader moved any: like a drawn mask, they are written to a folder that is asked for.
    **more
        Further options of the command, the name of the case among them; None is left out.
    """
    try:
        layer = panel.boxes.image()
        if layer is None:
            raise InputError("no CT is picked; open one in the tab Measure to get a command")
        case, source, chosen = layer.metadata[CASE], layer.metadata[SOURCE], params()
        case = case.model_copy(update={"case_id": "case"})
        picked = {n: la for n, la in zip(panel.given, panel.boxes.given(), strict=True) if la is not None}
        drawn = panel.drawn_of(picked, source)
    except SscError as error:
        panel.say(str(error), problem=True)
        return
    options = {name: value for name, value in more.items() if value is not None}

    def line(folder: str) -> str:
        files = {name: write_drawn(name, value, source, Path(folder)) for name, value in drawn.items()}
        if levels is not None:
            options["levels"] = write_drawn_levels(levels, Path(folder) / "levels.csv")
        return command_of("lung", "ct", case, chosen, files, verb=verb, more=options)

    def copied(text: str) -> None:
        QApplication.clipboard().setText(text)
        panel.say(f"Copied: {text}")

    if not drawn and levels is None:
        copied(line(""))
        return
    folder = QFileDialog.getExistingDirectory(panel, "Folder for drawn mask and levels, which it reads")
    if folder:

        def work(tick: Tick) -> str:
            tick(0.0, 1.0, "writing what was drawn")
            return line(folder)

        panel.start(work, copied, "Writing what was drawn ...")
