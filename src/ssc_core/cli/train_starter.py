"""``ssc lung train-starter``: the extent network from healthy CTs and phantoms."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ssc_core.cli.running import Out, bar
from ssc_core.lung.extent.params import StarterTrainParams

__all__ = ["train_starter"]

Options = Annotated[StarterTrainParams, Parameter(name="*")]
_DEFAULT = StarterTrainParams()


def train_starter(manifest: Path | None = None, /, *, out: Out, params: Options = _DEFAULT) -> None:
    """Train a starter S-Net on healthy slices with inserted patterns; the same command goes on after a stop.

    Parameters
    ----------
    manifest
        CSV of healthy CTs with case_id, ct, and if wanted first and last (slices counted from the feet) and
        side (both, right, left). Without it chest phantoms alone are used.
    """
    from ssc_core.cohort import read_manifest
    from ssc_core.lung.extent.healthy import HealthyCase
    from ssc_core.lung.extent.train import train_starter as train

    cases = [] if manifest is None else read_manifest(manifest, HealthyCase)
    with bar() as tick:
        done = train(cases, out, params, tick=tick)
    print(f"best epoch {done.best_epoch}: mean absolute error {done.best_value:.2f} percent points")
    print(f"Result: {out}")
