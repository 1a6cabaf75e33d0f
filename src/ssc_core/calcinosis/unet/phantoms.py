"""Finger phantoms as a training manifest, and others with settings that no training saw."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from ssc_core.calcinosis.unet.contract import CLASSES
from ssc_core.io.output import RECORD
from ssc_core.phantoms.finger import FingerPhantom, FingerSpec, drawn_spec, make_image, to_grey
from ssc_core.progress import Tick, silent, track
from ssc_core.results import record_run
from ssc_core.seeds import seed_of

__all__ = ["held_out_spec", "training_spec", "write_phantom_set"]

MANIFEST = "manifest.csv"
_COLUMNS = (
    "case_id", "patient", "image", "labels", "pixel_spacing", "window", "level", "drawn_by", "confirmed_by",
)  # fmt: skip
_WINDOW, _LEVEL = 1500.0, 450.0


def training_spec(seed: int) -> FingerSpec:
    """A phantom for training: one or two fingers, whole or cut, most deposits on bone."""
    return drawn_spec(seed, **_drawn(seed, held_out=False))


def held_out_spec(seed: int) -> FingerSpec:
    """The same with bones of other proportions, more noise and more blur than any training phantom has."""
    return drawn_spec(seed, **_drawn(seed, held_out=True))


def _drawn(seed: int, *, held_out: bool) -> dict[str, Any]:
    rng = np.random.default_rng(seed_of(seed, "pool"))
    n = int(rng.integers(1, 6))
    fixed: dict[str, Any] = {
        "fingers": 2 if rng.random() < 0.12 else 1,
        "spacing_mm": (float(rng.choice([0.2, 0.3, 0.4, 0.5])),) * 2,
        "slab_mm": float(rng.uniform(0.4, 0.6)),
        "angle_deg": float(rng.uniform(-25, 25) if rng.random() < 0.15 or held_out else rng.uniform(-8, 8)),
        "sesamoid": bool(rng.random() < 0.25),
        "osteophytes": int(rng.choice([0, 0, 0, 1, 2])),
        "cut": str(rng.choice(["none", "distal", "proximal", "both"], p=[0.4, 0.2, 0.2, 0.2])),
        "touching": tuple(bool(t) for t in rng.random(n) < 0.6),
        "areas_mm2": tuple(float(a) for a in np.exp(rng.uniform(np.log(0.4), np.log(50), n))),
        "shape_spread": float(rng.uniform(0.03, 0.10)),
    }
    if held_out:
        fixed["shape_spread"] = 0.12
        fixed["noise_hu"] = float(rng.uniform(28, 45))
        fixed["psf_mm"] = float(rng.uniform(0.36, 0.48))
    return fixed


def write_phantom_set(
    folder: str | Path, count: int, *, first_seed: int = 0, held_out: bool = False, tick: Tick = silent
) -> Path:
    """Write phantoms as 8-bit pictures with labels and a manifest; each phantom is a patient of its own.

    Parameters
    ----------
    folder : path-like
        An existing folder (by habit the one that ``io.output.staged`` yields).
    count : int
        Number of phantoms.
    first_seed : int
        Seed of the first; the others follow.
    held_out : bool
        Settings that no training saw.
    tick : Tick
        Told after each phantom.

    Returns
    -------
    Path
        The manifest.
    """
    folder = Path(folder)
    seeds = range(first_seed, first_seed + count)
    rows = []
    for seed in track(seeds, tick, "rendering fingers"):
        spec = held_out_spec(seed) if held_out else training_spec(seed)
        rows.append(_written(make_image(spec), folder, f"finger-{seed:05d}"))
    _write_rows(folder, rows)
    told = {"count": count, "first_seed": first_seed, "held_out": held_out}
    record = record_run("calcinosis phantom-set", told, {}, seed=first_seed)
    (folder / RECORD).write_text(record.to_json(), encoding="utf-8", newline="\n")
    return folder / MANIFEST


def _written(phantom: FingerPhantom, folder: Path, name: str) -> dict[str, Any]:
    from skimage.io import imsave

    image, labels = f"{name}.png", f"{name}_labels.png"
    imsave(folder / image, to_grey(phantom.hu, window=_WINDOW, level=_LEVEL), check_contrast=False)
    kinds = np.minimum(phantom.bones % 10, len(CLASSES) - 1).astype(np.uint8)
    imsave(folder / labels, kinds, check_contrast=False)
    return {
        "case_id": name,
        "patient": name,
        "image": image,
        "labels": labels,
        "pixel_spacing": phantom.frame.spacing[0],
        "window": _WINDOW,
        "level": _LEVEL,
        "drawn_by": "phantom",
        "confirmed_by": "",
    }


def _write_rows(folder: Path, rows: list[dict[str, Any]]) -> None:
    with (folder / MANIFEST).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, _COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
