"""How much diseased lung stays inside the mask, and how much healthy tissue is added, on CTs and phantoms.

    python benchmarks/lung_disease.py [--data FOLDER] [--seed 1] [--kinds mixed ...] [--pictures FOLDER]

Three real CTs (``ct/`` of the test data, default SSC_TEST_DATA) and four phantoms, `Chest(300)` to
`Chest(303)`, get disease inserted: for each kind one lesion in the right lung and one in the left, of 20 to
40 % of that lung. Its place is a rim below the ribs, the base or the back, with a ragged edge; its values are
a texture of the stated HU. The constants were chosen on seeds 0 and 2 and on `Chest(310)` to `Chest(313)`.
What the mask of the untouched scan calls lung is the truth on a real CT (for the phantoms it is known).

"inside" is the share of the lesion that the mask of the ill scan holds. "added" is what that mask holds
outside the true lungs beyond what the untouched scan's mask does, in percent of both lungs.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import ndimage
from scipy.spatial import ConvexHull, Delaunay

from ssc_core.geometry import Frame
from ssc_core.io.volume import open_volume, volume_from_array
from ssc_core.lung.pipeline import analyse
from ssc_core.lung.results import LungResult
from ssc_core.phantoms.chest import Chest

Array = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]
Int = npt.NDArray[np.int16]

REAL = {
    "contrast CT": "cptac_chest/derived_256x256x102.nii.gz",
    "CT with a mass": "lung_pet_ct_chest/derived_256x256x30.nii.gz",
    "64 x 64 x 79": "cip64/ct-64.nrrd",
}
# mean and deviation in HU, and size of the texture in mm
KINDS = {
    "ground glass": (-600, 80, 1.5),
    "dense ground glass": (-450, 100, 1.5),
    "reticulation": (-400, 200, 1.5),
    "mixed": (-250, 150, 2.0),
    "consolidation": (-25, 40, 2.0),
}
CONSOLIDATION_HU = (-100, 50)
AIR_IN_IT_HU = -200  # a voxel outside the mask that is darker holds air: fat has -100
PLACES = ("rim", "base", "back")
SHARES = (0.2, 0.3, 0.4)
PEOPLE = range(300, 304)


@dataclass(frozen=True)
class Scan:
    """One untouched chest: HU, true lungs (1 right, 2 left) and what our mask makes of it."""

    name: str
    hu: Int
    frame: Frame
    lungs: npt.NDArray[np.uint8]
    before: Bool


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument(
        "--data", type=Path, default=Path(os.environ.get("SSC_TEST_DATA", "../shared/data"))
    )
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS))
    arguments.add_argument("--only", choices=["real", "phantoms"])
    arguments.add_argument("--pictures", type=Path)
    given = arguments.parse_args()
    rows = []
    for number, scan in enumerate(scans(given.data / "ct", given.only)):
        for kind in given.kinds:
            for side in (1, 2):
                rows.append(one(scan, number, kind, side, given))
                print(*(f"{v:.3f}" if isinstance(v, float) else v for v in rows[-1].values()), flush=True)
    table = pd.DataFrame(rows)
    print(summary(table).to_string(float_format=lambda v: f"{v:.3f}"))


def scans(folder: Path, only: str | None) -> Iterator[Scan]:
    """The real CTs, then the phantoms."""
    for name, file in REAL.items() if only != "phantoms" and folder.is_dir() else ():
        image = open_volume(folder / file)
        hu = np.asarray(image.hu, np.int16)
        found = lungs_of(analyse(volume_from_array(hu, image.frame)))
        yield Scan(name, hu, image.frame, found, found > 0)
    for seed in PEOPLE if only != "real" else ():
        phantom = Chest(seed).render((3.0, 2.0, 2.0), noise_hu=25)
        found = lungs_of(analyse(volume_from_array(phantom.hu, phantom.frame)))
        truth = np.where(phantom.lungs == 3, 0, phantom.lungs).astype(np.uint8)
        yield Scan("phantom", phantom.hu, phantom.frame, truth, found > 0)


def lungs_of(result: LungResult) -> npt.NDArray[np.uint8]:
    return np.where(result.mask == 3, 0, result.mask).astype(np.uint8)


def one(scan: Scan, number: int, kind: str, side: int, given: argparse.Namespace) -> dict[str, object]:
    """One lesion: where it is, how much of it stays inside, what is added."""
    rng = np.random.default_rng([given.seed, number, list(KINDS).index(kind), side])
    turn = int(rng.integers(9))
    place, share = PLACES[turn % 3], SHARES[turn // 3]
    ill = lesion(scan, side, place, share, rng)
    hu = diseased(scan, ill, kind, rng)
    result = analyse(volume_from_array(hu, scan.frame))
    after = lungs_of(result) > 0
    added = after & ~(scan.lungs > 0) & ~scan.before
    if given.pictures:
        picture(given.pictures / f"{scan.name}-{number}-{kind}-{side}.png", hu, ill, after, added)
    dome = result.levels[4]
    return {
        "scan": scan.name,
        "number": number,
        "kind": kind,
        "side": "right" if side == 1 else "left",
        "place": place,
        "share": share,
        "inside": float(after[ill].mean()),
        "added": 100 * float(added.sum() / (scan.lungs > 0).sum()),
        "grade": result.grade,
        "level 5": dome.z_mm,
    }


def lesion(scan: Scan, side: int, place: str, share: float, rng: np.random.Generator) -> Bool:
    """`share` of one lung, nearest to the ribs, to the base or to the back."""
    lung = scan.lungs == side
    spacing = np.array(scan.frame.spacing)
    rough = noise(lung.shape, 12.0 / spacing, rng) * 6.0
    z, y, _ = np.meshgrid(
        *[np.arange(n) * d for n, d in zip(lung.shape, spacing, strict=True)], indexing="ij"
    )
    if place == "rim":
        rank = depth_below_hull(scan.lungs > 0, spacing) + rough
    elif place == "base":
        rank = z + rough
    else:
        rank = -y + rough
    cut = np.quantile(rank[lung], share)
    return np.asarray(lung & (rank <= cut))


def depth_below_hull(lungs: Bool, spacing: Array) -> Array:
    """Distance in mm to the outside of the lungs' convex hull, slice by slice."""
    out = np.zeros(lungs.shape)
    for z in np.flatnonzero(lungs.any(axis=(1, 2))):
        points = np.argwhere(lungs[z])
        if len(points) < 20 or np.ptp(points[:, 0]) < 2 or np.ptp(points[:, 1]) < 2:
            continue
        corners = points[ConvexHull(points).vertices]
        grid = np.argwhere(np.ones_like(lungs[z]))
        inside = (Delaunay(corners).find_simplex(grid) >= 0).reshape(lungs[z].shape)
        out[z] = ndimage.distance_transform_edt(inside, sampling=spacing[1:])
    return out


def diseased(scan: Scan, ill: Bool, kind: str, rng: np.random.Generator) -> Int:
    """The scan with the lesion in it.

    A voxel of the lung's edge holds air and chest wall. Just outside the mask no voxel may stay darker than
    the disease beside it: otherwise a ring of air would mark every lesion.
    """
    texture = values(kind, scan, rng)
    out = scan.hu.copy()
    out[ill] = texture[ill]
    edge = (
        ndimage.binary_dilation(ill, ndimage.generate_binary_structure(3, 3))
        & (scan.lungs == 0)
        & (scan.hu < AIR_IN_IT_HU)
    )
    out[edge] = np.maximum(out, texture)[edge]
    return out


def values(kind: str, scan: Scan, rng: np.random.Generator) -> Int:
    """The texture of one kind of disease; vessels stay where they are brighter."""
    mean, spread, mm = KINDS[kind]
    out = mean + spread * noise(scan.hu.shape, mm / 2 / np.array(scan.frame.spacing), rng)
    if kind == "consolidation":
        return np.clip(out, *CONSOLIDATION_HU).astype(np.int16)
    return np.maximum(np.clip(out, -1000, 100), np.where(scan.hu > -100, scan.hu, -1000)).astype(np.int16)


def noise(shape: tuple[int, ...], sigma: Array, rng: np.random.Generator) -> Array:
    """Smooth noise of mean 0 and deviation 1."""
    field = ndimage.gaussian_filter(rng.normal(size=shape), sigma)
    return np.asarray((field - field.mean()) / field.std())


def summary(table: pd.DataFrame) -> pd.DataFrame:
    group = table.assign(real=np.where(table["scan"] == "phantom", "phantoms", "real CTs"))
    return group.groupby(["kind", "real"], sort=False).agg(
        lesions=("inside", "size"),
        inside=("inside", "mean"),
        least=("inside", "min"),
        added=("added", "mean"),
        most_added=("added", "max"),
        above_2=("added", lambda a: int((a > 2).sum())),
    )


def picture(path: Path, hu: Int, ill: Bool, after: Bool, added: Bool) -> None:
    """Slices with most of what is lost (red) and added (green); kept disease is blue."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    path.parent.mkdir(parents=True, exist_ok=True)
    lost = ill & ~after
    picks = []
    for what in (lost, added):
        areas = what.sum(axis=(1, 2)).astype(float)
        for _ in range(3):
            z = int(areas.argmax())
            picks.append(z)
            areas[max(0, z - len(areas) // 20 - 1) : z + len(areas) // 20 + 2] = -1
    figure, axes = plt.subplots(2, 3, figsize=(15, 10))
    for axis, z in zip(axes.ravel(), picks, strict=True):
        axis.imshow(hu[z], cmap="gray", vmin=-1000, vmax=250)
        for mask, colour in ((after, "yellow"), (ill, "deepskyblue"), (lost, "red"), (added, "lime")):
            if mask[z].any():
                axis.contour(mask[z], [0.5], colors=colour, linewidths=0.8)
        axis.set_title(f"slice {z}")
        axis.axis("off")
    figure.tight_layout()
    figure.savefig(path, dpi=60)
    plt.close(figure)


if __name__ == "__main__":
    main()
