"""The paper's comparison of segmentation methods, on phantoms whose bones are known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ssc_core.calcinosis.bones import Bones, find_bones
from ssc_core.calcinosis.grid import FineGrid
from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.calcinosis.summary import bone_codes_of
from ssc_core.calcinosis.surroundings import soft_tissue
from ssc_core.calcinosis.unet.bones import network_bones
from ssc_core.calcinosis.unet.clusters import CLUSTERINGS, cluster_bone
from ssc_core.calcinosis.unet.predict import Segmenter
from ssc_core.calcinosis.unet.score import dice_of
from ssc_core.phantoms.finger import FingerPhantom, FingerSpec, make_image
from ssc_core.progress import Tick, silent
from ssc_core.seeds import seed_of

__all__ = ["Comparison", "compare_segmentations", "is_swapped", "summary_of"]

CLASSICAL, UNET = "classical", "U-Net"
_COLUMNS = ["image", "method", "bone", "distal", "middle", "proximal", "deposit_taken", "swapped"]


@dataclass(frozen=True, eq=False)
class Comparison:
    """What every method found.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per image and method: Dice of all bone and of each phalanx (NaN where the method cannot name
        it or it is not in the image), ``deposit_taken`` (share of the deposits' area that was taken for
        bone), ``swapped`` (whether a phalanx was given another's number for most of its area).
    phantom : FingerPhantom
        The first image.
    drawn : dict
        Method to the labels that it found there, (y, x).
    """

    table: pd.DataFrame
    phantom: FingerPhantom
    drawn: dict[str, npt.NDArray[np.int32]]


def compare_segmentations(
    specs: Iterable[FingerSpec], segmenter: Segmenter | None, *, seed: int = 0, tick: Tick = silent
) -> Comparison:
    """Segment phantoms with k-means, an EM mixture, mean shift, the classical engine and a U-Net.

    Parameters
    ----------
    specs : iterable of FingerSpec
        At least one.
    segmenter : Segmenter or None
        The network; left out if None.
    seed : int
        Of the clusterings.
    tick : Tick
        Told after each method.
    """
    specs = list(specs)
    rows: list[dict[str, object]] = []
    first: tuple[FingerPhantom, dict[str, npt.NDArray[np.int32]]] | None = None
    for i, spec in enumerate(specs):
        tick(i, len(specs), "comparing methods")
        phantom = make_image(spec)
        found = _all_methods(phantom, segmenter, seed_of(seed, "clusters", i))
        first = first or (phantom, found)
        rows += [{"image": i + 1, "method": m, **_scores(m, a, phantom)} for m, a in found.items()]
    assert first is not None
    tick(1, 1, "done")
    return Comparison(pd.DataFrame(rows, columns=_COLUMNS), *first)


def summary_of(table: pd.DataFrame) -> pd.DataFrame:
    """Mean of each method over the images, lowest bone Dice, and number of images with swapped phalanges."""
    grouped = table.groupby("method", sort=False)
    out = grouped[["bone", "distal", "middle", "proximal", "deposit_taken"]].mean()
    out.insert(1, "bone_lowest", grouped["bone"].min())
    out["images_swapped"] = grouped["swapped"].sum()
    return out.reset_index()


def _all_methods(
    phantom: FingerPhantom, segmenter: Segmenter | None, seed: int
) -> dict[str, npt.NDArray[np.int32]]:
    hu = phantom.hu
    out = {m: cluster_bone(hu, m, seed).astype(np.int32) * 5 for m in CLUSTERINGS}
    params = CalcinosisParams()
    spacing = (phantom.frame.spacing[0], phantom.frame.spacing[1])
    grid = FineGrid.of(hu.shape, spacing, params.fine_mm)
    fine = grid.refined(hu)
    tissue = fine > params.tissue_hu
    around = soft_tissue(fine, tissue)

    def pixels(bones: Bones) -> npt.NDArray[np.int32]:
        return grid.pixels(bone_codes_of(bones))

    out[CLASSICAL] = pixels(find_bones(fine, tissue, grid, params, around.hu))
    if segmenter is not None:
        out[UNET] = pixels(network_bones(hu, spacing, fine, grid, tissue, segmenter, around, params))
    return out


def _scores(method: str, found: npt.NDArray[np.int32], phantom: FingerPhantom) -> dict[str, object]:
    dice = dice_of(found, phantom.bones)
    deposits = phantom.lesions > 0
    swapped = False
    if method in CLUSTERINGS:
        dice |= dict.fromkeys(("distal", "middle", "proximal"), float("nan"))
    else:
        swapped = is_swapped(found, phantom.bones)
    taken = float((found[deposits] > 0).mean()) if deposits.any() else float("nan")
    return {**dice, "deposit_taken": taken, "swapped": swapped}


def is_swapped(found: npt.NDArray[np.int32], truth: npt.NDArray[np.int32]) -> bool:
    """Whether a phalanx was given another's number for most of its area."""
    for k in (1, 2, 3):
        here = found[truth % 10 == k] % 10
        if ((here > 0) & (here < 4) & (here != k)).sum() > 0.5 * max(len(here), 1):
            return True
    return False
