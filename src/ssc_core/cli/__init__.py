"""The command line: arguments in, a table and sentences out, an exit code.

Exit codes: 0 done, 2 something given cannot be used, 3 some cases of a batch failed, 130 interrupted
(1 is left for defects of ours).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import metadata

from cyclopts import App

from ssc_core.cli.outcome import exit_code_of

__all__ = ["app", "main"]

app = App(
    name="ssc",
    help="Measure systemic sclerosis in images: trichrome biopsies, chest CT, finger CT.",
    version=lambda: metadata.version("napari-ssc"),
    suppress_keyboard_interrupt=False,  # we say that the run was stopped
    result_action="return_value",
)
# Each command is imported when it is called, so that 'ssc --help' answers at once.
for _name, _help in {
    "demo": "Build a small study with known answers, analyse it, write a report.",
    "skin": "Trichrome biopsies: dermis, patches, morphometry.",
    "lung": "Chest CT: lung mask, five Goh levels, areas and densities.",
    "calcinosis": "Finger CT images: bones, calcinosis lesions, areas in mm2.",
    "models": "The shelf of network weights: list, show, fetch, import, verify.",
    "manifest": "List the cases of a folder in a CSV that 'batch' reads.",
    "agree": "Agreement between readers, or between readers and software.",
    "doctor": "Show versions, what is installed and what is missing.",
}.items():
    app.command(f"ssc_core.cli.{_name}:app", name=_name, help=_help)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run ``ssc`` and leave with its exit code."""
    sys.exit(exit_code_of(app, arguments))
