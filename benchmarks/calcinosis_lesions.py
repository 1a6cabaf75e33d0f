"""Lesion areas and bones on synthetic fingers: errors by size, what is found, what is found and is none.

Run: ``python benchmarks/calcinosis_lesions.py FOLDER [--engine unet classical] [--set hard] [--images 40]
[--first-seed 75000] [--minutes 9]``. Every engine sees the same fingers. Sets: ``drawn`` (as
``phantoms.finger.drawn_spec`` draws them), ``hard`` (``held_out_spec``: bones of other proportions, more
noise and blur than any training had; two fingers, cut ends, spurs and sesamoids among them), ``sesamoids``
(whole fingers with spurs and a sesamoid). ``--pictures`` measures 8-bit pictures in the window 1500 / 450. It
stops after so many minutes and goes on when it is run again; then it prints the tables of docs/calcinosis.md
and leaves one row per lesion (``lesions.csv``) and per image (``images.csv``).
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.calcinosis.pipeline import analyse
from ssc_core.calcinosis.results import CalcinosisResult
from ssc_core.calcinosis.unet.compare import is_swapped
from ssc_core.calcinosis.unet.phantoms import held_out_spec
from ssc_core.calcinosis.unet.score import dice_of
from ssc_core.errors import EmptyError
from ssc_core.io.image import FingerImage, open_finger
from ssc_core.phantoms.finger import FingerPhantom, FingerSpec, drawn_spec, make_image, write_export
from ssc_core.stats import bland_altman, lin_ccc

Rows = tuple[list[dict[str, Any]], list[dict[str, Any]]]

BY_PIXELS = ([0, 12, 25, 100, 400, 1e9], ["under 12", "12-25", "25-100", "100-400", "over 400"])
BY_AREA = ([0, 0.6, 1, 2, 5, 10, 1e9], ["to 0.6", "0.6-1", "1-2", "2-5", "5-10", "over 10"])


def near(table: pd.DataFrame, row: Any, pixel: float, taken: set[int]) -> Any:
    """The finding that lies where a true deposit lies, if there is one."""
    free = table[~table.label.isin(taken)]
    away = np.hypot(free.row - row.row, free.column - row.column) * pixel
    if not len(free) or away.min() > 0.8 + np.sqrt(row.area_mm2 / np.pi):
        return None
    return free.loc[away.idxmin()]


def lesions_of(phantom: FingerPhantom, result: CalcinosisResult) -> list[dict[str, Any]]:
    """One row per true deposit, and one per finding that is none."""
    pixel, used, rows = phantom.frame.spacing[0], set(), []
    for row in phantom.table.sort_values("area_mm2", ascending=False).itertuples():
        got = near(result.lesions, row, pixel, used)
        left = got is None and near(result.left_out, row, pixel, set()) is not None
        found = {"found": got is not None, "left_out": left}
        if got is not None:
            used.add(got.label)
            found |= {"got": got.area_mm2, "low": got.low, "high": got.high, "flags": got["flags"]}
        rows.append({
            "true": row.area_mm2, "pixels": row.area_mm2 / phantom.frame.pixel_size, "false": False,
            "on_bone": row.touches_bone, "border": row.touches_border, **found,
        })  # fmt: skip
    for got in result.lesions[~result.lesions.label.isin(used)].itertuples():
        here = result.lesion_labels == got.label
        sesamoid = bool((phantom.bones[here] % 10 == 4).mean() > 0.5) if here.any() else False
        rows.append({"false": True, "got": got.area_mm2, "flags": got.flags, "sesamoid": sesamoid})
    return rows


def image_row(phantom: FingerPhantom, result: CalcinosisResult) -> dict[str, Any]:
    """Bones and flags of one image."""
    doubted = (~result.bones.sure) | (result.bones.grade == "doubtful")
    return {
        **dice_of(result.bone_labels, phantom.bones),
        "swapped": is_swapped(result.bone_labels, phantom.bones),
        "fingers_wrong": fingers_wrong(phantom, result),
        "lesions": len(result.lesions),
        "left_out": " ".join(result.left_out.kind),
        "doubted": bool(doubted.any()),
        "phalanx_cut": phalanx_cut(phantom),
        "cut_told": any("is cut by the image border" in flag for flag in result.flags),
        "flags": "; ".join(result.flags),
    }


def phalanx_cut(phantom: FingerPhantom) -> bool:
    """Whether a phalanx reaches the border of the image."""
    b = phantom.bones
    rim = np.concatenate([b[0], b[-1], b[:, 0], b[:, -1]])
    return bool(np.isin(rim % 10, (1, 2, 3)).any())


def fingers_wrong(phantom: FingerPhantom, result: CalcinosisResult) -> bool:
    """Whether a bone was given to another finger than its own."""
    for code in np.unique(phantom.bones[phantom.bones > 0]):
        met = result.bone_labels[phantom.bones == code]
        met = met[met > 0]
        if met.size and int(np.bincount(met).argmax()) // 10 != code // 10:
            return True
    return False


def table_of(rows: pd.DataFrame) -> dict[str, Any]:
    """Detection and errors of one group of true deposits."""
    inner = rows[~rows.border.astype(bool)]
    found = inner[inner.found.astype(bool)]
    error = 100 * (found.got / found.true - 1)
    inside = (found.low <= found.true) & (found.true <= found.high)
    return {
        "n": len(rows),
        "found": int(rows.found.sum()),
        "left out": int(rows.left_out.sum()),
        "mean %": error.mean(),
        "mean absolute %": error.abs().mean(),
        "90 % below": error.abs().quantile(0.9) if len(error) else np.nan,
        "inside %": 100 * inside.sum() / max(len(inner), 1),
    }


def grouped(rows: pd.DataFrame, by: Any) -> str:
    groups = rows.groupby(by, observed=True)
    table = pd.DataFrame({k: table_of(g) for k, g in groups}).T
    return table.to_string(float_format=lambda v: f"{v:.1f}")


def summary(lesions: pd.DataFrame, images: pd.DataFrame) -> dict[str, Any]:
    true, false = lesions[~lesions.false], lesions[lesions.false]
    whole = true[true.found.astype(bool) & ~true.border.astype(bool)]
    limits, ccc = bland_altman(whole.true, whole.got), lin_ccc(whole.true, whole.got)
    return {
        "images": len(images),
        "unusable": int(images.unusable.sum()),
        "deposits": len(true),
        "found": int(true.found.sum()),
        "CCC": ccc.value,
        "bias": limits.bias,
        "lower": limits.lower,
        "upper": limits.upper,
        "false": len(false),
        "false per image": len(false) / len(images),
        "false sesamoids": int(false.sesamoid.sum()) if len(false) else 0,
        "bone": images.bone.mean(),
        "lowest": images.bone.min(),
        "swapped": int(images.swapped.sum()),
        "fingers wrong": int(images.fingers_wrong.sum()),
        "swapped unflagged": int((images.swapped.astype(bool) & ~images.doubted.astype(bool)).sum()),
        "phalanx cut": int(images.phalanx_cut.sum()),
        "cut untold": int((images.phalanx_cut.astype(bool) & ~images.cut_told.astype(bool)).sum()),
        **{k: images[k].mean() for k in ("distal", "middle", "proximal")},
    }


def spec_of(kind: str, seed: int) -> FingerSpec:
    if kind == "hard":
        return held_out_spec(seed)
    fixed: dict[str, object] = {"cut": "none", "sesamoid": True, "osteophytes": 2}
    return drawn_spec(seed, **(fixed if kind == "sesamoids" else {}))


def image_of(phantom: FingerPhantom, *, picture: bool) -> FingerImage:
    if not picture:
        return FingerImage(phantom.hu, phantom.frame, np.zeros(phantom.hu.shape, bool), 1.0, "phantom")
    with tempfile.TemporaryDirectory() as folder:
        path = write_export(phantom, Path(folder) / "a.png")
        return open_finger(path, pixel_spacing=phantom.frame.spacing[0], window=1500, level=450)


def measured(phantom: FingerPhantom, engine: str, told: dict[str, Any], given: argparse.Namespace) -> Rows:
    """Rows of one image and one engine."""
    row = {**told, "engine": engine, "unusable": False}
    params = CalcinosisParams(engine=engine, unet_weights=given.weights)
    try:
        result = analyse(image_of(phantom, picture=given.pictures), params)
    except EmptyError as error:
        return [], [{**row, "unusable": True, "flags": error.message}]
    lesions = [{**told, "engine": engine, **r} for r in lesions_of(phantom, result)]
    return lesions, [{**row, **image_row(phantom, result)}]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--engine", nargs="+", default=["unet", "classical"])
    parser.add_argument("--weights", default=CalcinosisParams().unet_weights)
    parser.add_argument("--set", default="hard", choices=["drawn", "hard", "sesamoids"])
    parser.add_argument("--images", type=int, default=40)
    parser.add_argument("--first-seed", type=int, default=75_000)
    parser.add_argument("--pictures", action="store_true")
    parser.add_argument("--minutes", type=float, default=9.0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    given.folder.mkdir(parents=True, exist_ok=True)
    paths = [given.folder / f"{n}.csv" for n in ("lesions", "images")]
    lesions, images = (pd.read_csv(p).to_dict("records") if p.exists() else [] for p in paths)
    done = {(r["seed"], r["engine"]) for r in images}
    until = time.monotonic() + 60 * given.minutes
    for seed in range(given.first_seed, given.first_seed + given.images):
        wanted = [e for e in given.engine if (seed, e) not in done]
        if not wanted or time.monotonic() > until:
            continue
        spec = spec_of(given.set, seed)
        phantom = make_image(spec)
        told = {"seed": seed, "cut": spec.cut, "fingers": spec.fingers}
        for engine in wanted:
            rows, seen = measured(phantom, engine, told, given)
            lesions, images = [*lesions, *rows], [*images, *seen]
        for path, table in zip(paths, (lesions, images), strict=True):
            pd.DataFrame(table).to_csv(path, index=False)
    every, seen_in = pd.DataFrame(lesions), pd.DataFrame(images)
    for engine in given.engine:
        tables(every[every.engine == engine], seen_in[seen_in.engine == engine], engine)


def tables(rows: pd.DataFrame, images: pd.DataFrame, engine: str) -> None:
    rows = rows.assign(false=rows.false.astype(bool))
    true = rows[~rows.false].copy()
    true["size"] = pd.cut(true.pixels, BY_PIXELS[0], labels=BY_PIXELS[1])
    true["mm2"] = pd.cut(true.true, BY_AREA[0], labels=BY_AREA[1])
    true["place"] = np.where(true.on_bone.astype(bool), "on bone", "free")
    cut = images.cut != "none"
    parts = {"all": slice(None), "whole": ~cut, "cut": cut, "two fingers": images.fingers > 1}
    table = {
        name: summary(rows[rows.seed.isin(images[part].seed)], images[part])
        for name, part in parts.items()
        if len(images[part])
    }
    print(f"engine {engine}")
    print(pd.DataFrame(table).T.to_string(float_format=lambda v: f"{v:.4g}"))
    for name, part in (("all images", true), ("cut images", true[true.cut != "none"])):
        print(f"\nAreas by size in pixels, {name}:")
        print(grouped(part, ["place", "size"]))
        print(f"\nDetection by area in mm2, {name}:")
        print(grouped(part, "mm2"))
    false = rows[rows.false]
    sizes = pd.cut(false.got, BY_AREA[0], labels=BY_AREA[1]).value_counts(sort=False) / len(images)
    print("\nFalse lesions per image by their area in mm2:")
    print(sizes.to_string(float_format=lambda v: f"{v:.3f}"))


if __name__ == "__main__":
    main()
