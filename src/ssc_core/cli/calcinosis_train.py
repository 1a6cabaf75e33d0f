"""``ssc calcinosis train``, ``... phantom-set`` and ``... compare-segmentations``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pandas as pd
from cyclopts import Parameter

from ssc_core.calcinosis.unet.params import UnetTrainParams
from ssc_core.cli.running import Out, bar

__all__ = ["compare_segmentations", "phantom_set", "train"]

Options = Annotated[UnetTrainParams, Parameter(name="*")]
_DEFAULT = UnetTrainParams()
_HELD_OUT_SEED = 90_000


def train(
    manifest: Path,
    /,
    *,
    out: Out,
    fold: tuple[int, ...] = (1,),
    start: str | None = None,
    params: Options = _DEFAULT,
) -> None:
    """Train a U-Net for phalanges on images with drawn phalanges; run it again to go on.

    Parameters
    ----------
    manifest
        CSV with case_id, patient, image, labels and, where known, pixel_spacing, window, level, drawn_by,
        confirmed_by. Labels are 0 background, 1 distal, 2 middle, 3 proximal phalanx, 4 other bone.
    fold
        Which folds to train, counted from 1.
    start
        Weights to begin with: a model of 'ssc models list' (unet_phalanges), or a .safetensors file of an
        earlier training. Without it the network starts from nothing.
    """
    from ssc_core.calcinosis.unet.drawn import DrawnCase
    from ssc_core.calcinosis.unet.train import train as train_network
    from ssc_core.cohort.manifest import read_manifest

    cases = read_manifest(manifest, DrawnCase)
    with bar() as tick:
        table = train_network(cases, out, params, folds=fold, start=start, tick=tick)
    means = table.drop(columns="image").groupby(["fold", "set"]).mean()
    print("Mean Dice of whole images:")
    print(_text(means.reset_index()))
    print(f"Weights: {out / 'fold-N' / 'best.safetensors'}, card: {out / 'card.json'}")


def phantom_set(*, out: Out, count: int = 120, first_seed: int = 0, held_out: bool = False) -> None:
    """Write finger phantoms with their phalanges as a training manifest.

    Parameters
    ----------
    count
        Number of phantoms; one takes a few seconds.
    first_seed
        Seed of the first one; the others follow.
    held_out
        Other proportions, more noise and blur than the training phantoms have.
    """
    from ssc_core.calcinosis.unet.phantoms import write_phantom_set
    from ssc_core.io.output import staged

    _check_count(count)
    with bar() as tick, staged(out) as folder:
        write_phantom_set(folder, count, first_seed=first_seed, held_out=held_out, tick=tick)
    print(f"{count} phantoms: {out / 'manifest.csv'}")


def compare_segmentations(
    *,
    out: Out,
    count: int = 20,
    first_seed: int = _HELD_OUT_SEED,
    weights: str = "unet_phalanges",
) -> None:
    """Compare k-means, EM mixture, mean shift, the classical engine and a U-Net on held-out phantoms.

    Parameters
    ----------
    count
        Number of phantoms.
    first_seed
        Seed of the first one.
    weights
        A model of 'ssc models list', or a .safetensors file that 'ssc calcinosis train' wrote; "" leaves
        the U-Net out.
    """
    from ssc_core.calcinosis.unet.compare import compare_segmentations as compare
    from ssc_core.calcinosis.unet.compare import summary_of
    from ssc_core.calcinosis.unet.phantoms import held_out_spec
    from ssc_core.calcinosis.unet.predict import open_segmenter
    from ssc_core.io.output import RECORD, staged
    from ssc_core.plots.segmentations import segmentations_figure
    from ssc_core.plots.style import save_figure
    from ssc_core.results import record_run

    _check_count(count)
    segmenter = open_segmenter(weights) if weights else None
    with bar() as tick, staged(out) as folder:
        specs = [held_out_spec(first_seed + i) for i in range(count)]
        done = compare(specs, segmenter, seed=first_seed, tick=tick)
        summary = summary_of(done.table)
        for name, table in (("segmentations", done.table), ("summary", summary)):
            table.to_csv(folder / f"{name}.csv", index=False, float_format="%.6g", lineterminator="\n")
        drawn = segmentations_figure(done.phantom.hu, done.phantom.bones, done.drawn, done.table)
        save_figure(drawn, folder / "segmentations.png")
        used = {} if segmenter is None else {segmenter.name: segmenter.sha256}
        told = {"count": count, "first_seed": first_seed}
        record = record_run("calcinosis compare-segmentations", told, {}, seed=first_seed, weights=used)
        (folder / RECORD).write_text(record.to_json(), encoding="utf-8", newline="\n")
    print(_text(summary))
    print(f"Result: {out}")


def _check_count(count: int) -> None:
    from ssc_core.errors import InputError

    if count < 1:
        raise InputError(f"--count must be at least 1 (given {count})")


def _text(table: pd.DataFrame) -> str:
    return table.to_string(index=False, float_format=lambda v: f"{v:.3f}", na_rep="-")
