"""``ssc lung train-starter``, ``pack-starter``, ``judge-starter``: the extent network from healthy CTs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ssc_core.cli.running import Out, bar
from ssc_core.lung.extent.params import StarterTrainParams

__all__ = ["judge_starter", "pack_starter", "train_starter"]

Options = Annotated[StarterTrainParams, Parameter(name="*")]
OutFile = Annotated[Path, Parameter(help="File to write (.safetensors).")]
_DEFAULT = StarterTrainParams()


def train_starter(
    manifest: Path | None = None, /, *, out: Out, start: Path | None = None, params: Options = _DEFAULT
) -> None:
    """Train a starter S-Net on healthy slices with inserted patterns; the same command goes on after a stop.

    Parameters
    ----------
    manifest
        CSV of healthy CTs with case_id, ct, and if wanted first and last (slices counted from the feet) and
        side (both, right, left). Without it chest phantoms alone are used.
    start
        Weights of an earlier training to begin with (best.safetensors of a run, or a file of pack-starter).
    """
    from ssc_core.cohort import read_manifest
    from ssc_core.lung.extent.healthy import HealthyCase
    from ssc_core.lung.extent.train import train_starter as train

    cases = [] if manifest is None else read_manifest(manifest, HealthyCase)
    with bar() as tick:
        done = train(cases, out, params, start=start, tick=tick)
    print(f"best epoch {done.best_epoch}: mean absolute error {done.best_value:.2f} percent points")
    print(f"Result: {out}")


def pack_starter(run: Path, /, *, network: OutFile, baseline: OutFile, slices: int = 400) -> None:
    """Make the two files that are shipped from a run of train-starter: network and baseline, with intervals.

    Parameters
    ----------
    run
        Folder of 'ssc lung train-starter'.
    network
        The network in half precision.
    baseline
        Boosted trees on hand-made features, fitted on the network's own samples.
    slices
        Held-out slices that the intervals come from.
    """
    from ssc_core.lung.extent.pool import Pool, PoolItems
    from ssc_core.lung.extent.prove import calibration_items
    from ssc_core.lung.extent.ship import pack_baseline, pack_network

    with bar() as tick:
        items = calibration_items(slices, tick)
        valid = Pool(run / "valid")
        level = PoolItems(valid, range(len(valid)))
        done = pack_network(run / "extent" / "best.safetensors", network, items, level, tick)
        pack_baseline(Pool(run / "train"), baseline, items, tick=tick)
    print(", ".join(f"{name} {value:.2f}" for name, value in done.items()))
    print(f"Result: {network}, {baseline}")


def judge_starter(
    manifest: Path,
    /,
    *,
    out: Out,
    seed: int,
    network: Path | None = None,
    baseline: Path | None = None,
    beside: tuple[Path, ...] = (),
    slices: int = 600,
) -> None:
    """Judge network and baseline on lungs, textures, noise and kernels that training never saw.

    Parameters
    ----------
    manifest
        CSV of healthy CTs that were not trained on, as for train-starter.
    seed
        Of the inserted patterns; a fresh one, and only once.
    network
        Weights; those in the package by default.
    baseline
        Trees; those in the package by default.
    beside
        Networks or trees to compare with on the same slices.
    slices
        Slices with inserted patterns.
    """
    from ssc_core.cohort import read_manifest
    from ssc_core.lung.extent.baseline import BaselineScorer
    from ssc_core.lung.extent.healthy import HealthyCase
    from ssc_core.lung.extent.prove import prove
    from ssc_core.lung.extent.scorer import ExtentScorer
    from ssc_core.lung.goh.scorer import SliceScorer
    from ssc_core.training.state import facts_of

    scorers: list[SliceScorer] = [ExtentScorer(network), BaselineScorer(baseline)]
    for path in beside:
        trees = "features" in facts_of(path)
        other: BaselineScorer | ExtentScorer = BaselineScorer(path) if trees else ExtentScorer(path)
        other.name = path.stem
        scorers.append(other)
    cases = read_manifest(manifest, HealthyCase)
    with bar() as tick:
        tables = prove(scorers, cases, out, count=slices, seed=seed, tick=tick)
    for name in ("figures", "bias", "coverage"):
        print(tables[name].to_string(index=False, float_format=lambda v: f"{v:.3g}", na_rep="-"))
        print()
    healthy = tables["healthy"].groupby("scorer")["tot"].agg(["mean", "max"])
    print(healthy.to_string(float_format=lambda v: f"{v:.3g}"))
    print(f"Result: {out}")
