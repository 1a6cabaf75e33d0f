"""Where the study of the demo lies, and how its parts are built once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import ssc_core
from ssc_core.io.output import RECORD, staged
from ssc_core.progress import Tick

__all__ = ["Part"]


@dataclass(frozen=True)
class Part:
    """One room's part of the study.

    Parameters
    ----------
    room : str
        "skin", "lung" or "calcinosis".
    folder : Path
        Of the whole demo.
    seed : int
        Of the phantoms.
    """

    room: str
    folder: Path
    seed: int

    @property
    def inputs(self) -> Path:
        """Images, manifest, and the truth in files of its own."""
        return self.folder / "study" / self.room

    @property
    def manifest(self) -> Path:
        """What is handed to the batch."""
        return self.inputs / "manifest.csv"

    @property
    def results(self) -> Path:
        """What the batch writes."""
        return self.folder / "results" / self.room

    def case(self, case_id: str) -> Path:
        """Result of one case."""
        return self.results / "cases" / case_id

    def build(self, write: Callable[[Path, int, Tick], None], tick: Tick) -> None:
        """Let `write` make the inputs, unless this version has made them before."""
        made_by = {"made_by": f"napari-ssc {ssc_core.__version__}", "part": self.room, "seed": self.seed}
        record = self.inputs / RECORD
        if record.is_file() and json.loads(record.read_text(encoding="utf-8")) == made_by:
            return
        with staged(self.inputs) as work:
            write(work, self.seed, tick)
            (work / RECORD).write_text(json.dumps(made_by, indent=2, sort_keys=True) + "\n", encoding="utf-8")
