"""Size and cost of the networks of Fig. 3B of Jia et al. 2024."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ssc_core.errors import OutputError
from ssc_core.progress import Tick, silent, track

__all__ = ["backbone_table", "write_backbones"]


def backbone_table(matrix: int = 512, tick: Tick = silent) -> pd.DataFrame:
    """name, parameters_m, gflops, gmacs and architecture of every backbone, for one slice of `matrix`.

    A multiply-add counts as two operations in ``gflops`` and as one in ``gmacs``; papers mean either by
    FLOPs. Counted are convolutions and full layers.

    Parameters
    ----------
    matrix : int
        Side of the slice in pixels.
    tick : Tick
        Progress.
    """
    import torch

    from ssc_core.models.cost import cost
    from ssc_core.models.snet import BACKBONES, architecture_of, build

    rows = []
    for name in track(BACKBONES, tick, "networks"):
        with torch.device("meta"):
            network = build(name)
        found = cost(network, (1, 1, matrix, matrix))
        rows.append({"name": name, "parameters_m": found.parameters / 1e6, "gflops": found.flops / 1e9,
                     "gmacs": found.multiply_adds / 1e9, "architecture": architecture_of(name)})  # fmt: skip
    return pd.DataFrame(rows)


def write_backbones(table: pd.DataFrame, path: str | Path) -> Path:
    """Write the table as ``.csv``; it must not exist.

    Raises
    ------
    OutputError
        If it exists, is named otherwise or cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".csv" or path.exists():
        why = "exists already" if path.exists() else "is not named .csv"
        raise OutputError(f"this file {why}; name another with -o", source=path)
    try:
        table.to_csv(path, index=False, float_format="%.6g", lineterminator="\n")
    except OSError as error:
        raise OutputError("the table cannot be written here; name another place", source=path) from error
    return path
