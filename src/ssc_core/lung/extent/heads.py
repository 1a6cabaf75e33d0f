"""The two heads side by side: error of the scores, and whose map finds planted lesions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ssc_core.errors import EmptyError
from ssc_core.lung.extent import unseen
from ssc_core.lung.extent.held_out import HeldOut
from ssc_core.lung.extent.scorer import ExtentScorer
from ssc_core.lung.goh.scores import PATTERNS
from ssc_core.lung.heatmap.replacement import replacement_heatmap
from ssc_core.lung.heatmap.scorer_network import network_of
from ssc_core.lung.heatmap.texture import find_healthy
from ssc_core.lung.heatmap.truth import map_agreement, overlap
from ssc_core.progress import Tick, silent, track
from ssc_core.seeds import seed_of

__all__ = ["compare_maps"]

_WINDOW_MM, _STRIDE_MM = 45.0, 11.0  # 64 and 16 pixels of 0.7 mm


def compare_maps(
    extent: ExtentScorer, regression: ExtentScorer, items: Sequence[HeldOut], tick: Tick = silent
) -> pd.DataFrame:
    """Overlap of three maps with planted lesions, and how alike they are.

    Parameters
    ----------
    extent, regression : ExtentScorer
        The same trunk with either head.
    items : sequence of HeldOut
        Slices; those without disease are left out.
    tick : Tick
        Progress.

    Returns
    -------
    DataFrame
        slice, pattern, map ("extent": the map that is the score; "replacement of extent", "replacement of
        regression": replacement maps of either network), dice, random_dice, with_extent (rank correlation
        with the extent map in the lung). As many pixels of a map are called hot as the pattern truly has, so
        no threshold is tuned for any of them.
    """
    rows = []
    for k, item in enumerate(track(items, tick, "maps")):
        if item.truth[0] == 0:
            continue
        image, lung = item.image.hu, item.image.lung
        spacing = (item.image.mm, item.image.mm)
        own = extent.extent(image[None], lung[None], spacing)
        if own is None:
            raise EmptyError("the first network has no map; give the extent head first")
        maps = {"extent": own[0]}
        for name, scorer in (("extent", extent), ("regression", regression)):
            found = _replacement(scorer, item, k)
            if found is not None:
                maps[f"replacement of {name}"] = -found
        alike = {name: map_agreement(-values, own[0], lung) for name, values in maps.items()}
        truths = (item.gg | item.ret, item.gg, item.ret)
        for i, pattern in enumerate(PATTERNS):
            truth = truths[i]
            if not truth.any():
                continue
            for name, values in maps.items():
                told = overlap(_hottest(values[i], lung, int(truth.sum())), truth, lung)
                row = {"slice": k, "pattern": pattern, "map": name, "dice": told["dice"]}
                rows.append({**row, "random_dice": told["true_percent"] / 100, "with_extent": alike[name][i]})
    return pd.DataFrame(rows)


def _hottest(values: np.ndarray, lung: np.ndarray, count: int) -> np.ndarray:
    """The `count` highest pixels of the lung."""
    inside = np.flatnonzero(lung)
    order = np.argsort(-values.ravel()[inside], kind="stable")
    out = np.zeros(values.size, bool)
    out[inside[order[:count]]] = True
    return out.reshape(values.shape)


def _replacement(scorer: ExtentScorer, item: HeldOut, number: int) -> np.ndarray | None:
    """Replacement map (3, y, x), healthy texture from the same slice before disease; None without texture."""
    mm = item.image.mm
    rng = np.random.default_rng(seed_of(number, "texture"))
    clear = unseen.scanned(item.before.hu, mm, item.sharpness, item.noise_hu, rng)
    try:
        row, column, side = find_healthy(clear, item.before.lung)
    except EmptyError:
        return None
    spacing = (mm, mm)
    fed = network_of(scorer, item.image.hu, item.image.lung, spacing)
    made = replacement_heatmap(
        fed.networks[0],
        fed.image,
        item.image.lung,
        clear[row : row + side, column : column + side],
        window=round(_WINDOW_MM / mm),
        stride=round(_STRIDE_MM / mm),
    )
    return np.asarray(np.nan_to_num(made.maps), np.float32)
