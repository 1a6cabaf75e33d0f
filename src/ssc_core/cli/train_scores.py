"""``ssc lung train-scores``: the S-Net, or the eight arms of Table 4 in one go."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ssc_core.cli.running import Out, bar
from ssc_core.lung.snet.params import ScoreTrainParams

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["train_scores"]

Options = Annotated[ScoreTrainParams, Parameter(name="*")]
_DEFAULT = ScoreTrainParams()
_BLOCKS = "▁▂▃▄▅▆▇█"
_WIDTH = 40


def train_scores(
    manifest: Path,
    /,
    *,
    out: Out,
    seeds: Path | None = None,
    ablation: bool = False,
    params: Options = _DEFAULT,
) -> None:
    """Train the S-Net on slices that people scored; the same command goes on after a stop.

    Parameters
    ----------
    manifest
        CSV with case_id, ct, scores (a table of case_id, level, slice or z_mm, reader, tot, gg, ret), and if
        wanted mask, patient, series, set (test).
    seeds
        CSV of patches to cut patterns from: case_id, pattern (gg or ret), ct, slice, y, x, height, width,
        patient. A fold uses those of its training patients. Without it the patterns are generated.
    ablation
        Train all eight combinations of synthesis, balanced sampling and pre-training, and write table4.csv.
    """
    from ssc_core.cohort import read_manifest
    from ssc_core.lung.snet.ablation import run_ablation
    from ssc_core.lung.snet.items_known import ScoreCase
    from ssc_core.lung.snet.train import train_scores as train
    from ssc_core.lung.synthesis.seeds import SeedRow, cut_seeds

    cases = read_manifest(manifest, ScoreCase)
    bank = None if seeds is None else cut_seeds(read_manifest(seeds, SeedRow))
    if ablation:
        with bar() as tick:
            table = run_ablation(cases, out, params, seeds=bank, live=_live, tick=tick)
        skipped = table[table["pattern"].isna()]
        print(_text(table[table["pattern"].notna()].drop(columns="note")))
        for row in skipped.to_dict("records"):
            print(f"note: {row['arm']} {row['note']}")
        print(f"Result: {out / 'table4.csv'}")
        return
    with bar() as tick:
        done = train(cases, out, params, seeds=bank, live=_live, tick=tick)
    print(_text(done.table))
    print()
    for number, fit in done.fits.items():
        print(f"fold {number}: best epoch {fit.best_epoch}, mean absolute error {fit.best_value:.2f} %")
    for flag in done.flags:
        print(f"note: {flag}")
    print(f"Result: {out}")


def _live(curve: pd.DataFrame, where: str) -> None:
    """One line per validation: the error so far as a row of blocks."""
    import sys

    from tqdm import tqdm

    if not sys.stderr.isatty():
        return
    tqdm.write(_line(curve, where), file=sys.stderr)


def _line(curve: pd.DataFrame, where: str) -> str:
    judged = curve[curve["valid_mae"].notna()]
    values = judged["valid_mae"].to_numpy(float)
    shown = values[-_WIDTH:]
    low, high = float(values.min()), float(values.max())
    steps = [round((v - low) / max(high - low, 1e-9) * (len(_BLOCKS) - 1)) for v in shown]
    last = judged.iloc[-1]
    return (
        f"{where} epoch {int(last['epoch'])}: loss {last['train_loss']:.3g}, validation error "
        f"{values[-1]:.2f} %, best {low:.2f} % {''.join(_BLOCKS[s] for s in steps)}"
    )


def _text(table: pd.DataFrame) -> str:
    return table.to_string(index=False, float_format=lambda v: f"{v:.2f}", na_rep="-")
