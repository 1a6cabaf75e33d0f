"""Write synthetic slices with their scores, so that a training or a scorer can read them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from ssc_core.io.tables import write_table
from ssc_core.io.volume import volume_from_array, write_nifti
from ssc_core.lung.synthesis.study import Item
from ssc_core.plots.style import save_figure
from ssc_core.plots.synthesis import Example, contact_sheet

__all__ = ["READER", "write_items"]

READER = "synthesis"
_UNITS = {"z_mm": "mm", "tot": "%", "gg": "%", "ret": "%"}
_SHOWN = 12


def write_items(folder: Path, items: Iterable[Item]) -> pd.DataFrame:
    """Write images, lungs, patterns, scores, a manifest for ``ssc lung train-scores``, and a contact sheet.

    Parameters
    ----------
    folder : Path
        By habit the one that ``io.output.staged`` yields.
    items : iterable of Item
        Made one after the other, so that only one is in memory.

    Returns
    -------
    DataFrame
        The table of scores: case_id, patient, level, slice, z_mm, reader, session, tot, gg, ret.
    """
    for name in ("images", "lungs", "patterns", "scores"):
        (folder / name).mkdir()
    rows: list[dict[str, object]] = []
    examples: list[Example] = []
    for item in items:
        frame, made = item.healthy.frame, item.made
        volume = volume_from_array(np.rint(made.hu).astype(np.int16)[None], frame)
        write_nifti(folder / "images" / f"{item.name}.nii.gz", np.asarray(volume.hu), volume)
        lungs = _lungs(item)
        write_nifti(folder / "lungs" / f"{item.name}.nii.gz", lungs[None], volume)
        patterns = made.gg.astype(np.uint8) + 2 * made.ret.astype(np.uint8)
        write_nifti(folder / "patterns" / f"{item.name}.nii.gz", patterns[None], volume)
        row: dict[str, object] = {
            "case_id": item.name,
            "patient": item.healthy.patient,
            "level": 1,
            "slice": 0,
            "z_mm": float(frame.origin[0]),
            "reader": READER,
            "session": 1,
            **dict(zip(("tot", "gg", "ret"), made.scores, strict=True)),
        }
        rows.append(row)
        one = pd.DataFrame([row])
        one.to_csv(
            folder / "scores" / f"{item.name}.csv", index=False, float_format="%.9g", lineterminator="\n"
        )
        if made.drawn and len(examples) < _SHOWN:  # those that stay healthy show nothing
            examples.append(
                Example(
                    item.healthy.hu, made.hu, made.gg, made.ret, made.scores, item.healthy.spacing_mm,
                    item.healthy.lung,
                )
            )  # fmt: skip
    table = pd.DataFrame(rows)
    write_table(folder, "scores", table, _UNITS)
    manifest = pd.DataFrame(
        {
            "case_id": table["case_id"],
            "patient": table["patient"],
            "ct": "images/" + table["case_id"] + ".nii.gz",
            "scores": "scores/" + table["case_id"] + ".csv",
            "mask": "lungs/" + table["case_id"] + ".nii.gz",
            "set": "",
        }
    )
    manifest.to_csv(folder / "manifest.csv", index=False, lineterminator="\n")
    save_figure(contact_sheet(examples), folder / "contact.png", dpi=110)
    return table


def _lungs(item: Item) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Lung labels as everywhere: 1 right, 2 left, parted at the middle of the lungs' width."""
    lung = item.healthy.lung
    columns = np.flatnonzero(lung.any(axis=0))
    left = np.arange(lung.shape[1]) > (columns[0] + columns[-1]) / 2
    return np.where(lung, np.where(left, 2, 1), 0).astype(np.uint8)
