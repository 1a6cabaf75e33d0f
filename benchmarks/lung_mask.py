"""The whole lung analysis against plain classical masks, in one run: ratios of time, and peak memory.

    python benchmarks/lung_mask.py [--slices 300] [--rounds 2] [--long 1000]

The CT is a phantom brought to 512 x 512 by repeating voxels, with fresh noise. The plain masks (threshold at
-320 HU, clear the border, two largest pieces, closing by 3 voxels, holes filled per slice) know no airway, no
right and left and no disease; ours does all that, the levels and the densities. Every run is a process of its
own, methods take turns; processor time feels neither the number of threads nor what else the machine does.
``--long`` adds one streamed run from a file on disk of so many slices.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SPACING = (1.0, 0.7, 0.7)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--slices", type=int, default=300)
    arguments.add_argument("--rounds", type=int, default=2)
    arguments.add_argument("--long", type=int, default=0)
    arguments.add_argument("--only", nargs=2, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.only:
        name, file = given.only
        print(*measured(name, Path(file)))
        return
    with tempfile.TemporaryDirectory() as folder:
        small = phantom()
        path = Path(folder) / "ct.npy"
        write(path, small, given.slices)
        runs: dict[str, list[list[float]]] = {name: [] for name in METHODS}
        for _ in range(given.rounds):
            for name in METHODS:
                runs[name].append(alone(name, path))
        reference = {k: best(runs["SimpleITK per slice"], k) for k in (0, 1)}
        print(f"512 x 512 x {given.slices}, ratios to SimpleITK per slice (above 1 is faster)")
        for name, values in runs.items():
            wall, cpu, memory = (best(values, k) for k in range(3))
            print(
                f"{name:<22} wall {reference[0] / wall:5.2f}   processor time {reference[1] / cpu:5.2f}"
                f"   ({cpu:.1f} s)   peak memory {memory:.2f} GB"
            )
        if given.long:
            path.unlink()
            file = Path(folder) / "ct.nii"
            write(file, small, given.long)
            wall, cpu, memory = alone("streamed", file)
            print(f"512 x 512 x {given.long} streamed from disk: {cpu:.1f} s, peak memory {memory:.2f} GB")


def best(values: list[list[float]], column: int) -> float:
    return min(v[column] for v in values) if column < 2 else statistics.median(v[column] for v in values)


def alone(name: str, path: Path) -> list[float]:
    done = subprocess.run(
        [sys.executable, __file__, "--only", name, str(path)], check=True, capture_output=True, text=True
    )
    return [float(v) for v in done.stdout.split()]


def measured(name: str, path: Path) -> tuple[float, float, float]:
    """Wall and processor seconds, and peak memory of the process in GB."""
    method = streamed if name == "streamed" else METHODS[name]
    data = path if name == "streamed" else np.load(path)
    if name.startswith("whole"):
        import ssc_core.lung.pipeline  # noqa: F401 (imports are not part of the work)
    wall, cpu = time.perf_counter(), time.process_time()
    method(data)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return wall, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def phantom() -> np.ndarray:
    from ssc_core.phantoms.chest import Chest

    return Chest(20).render((3.0, 1.4, 1.4), (256, 256), noise_hu=0).hu


def write(path: Path, small: np.ndarray, slices: int) -> None:
    """The phantom with `slices` slices of 512 x 512 and noise, slice by slice."""
    shape = (slices, 512, 512)
    if path.suffix == ".npy":
        out = np.lib.format.open_memmap(path, "w+", np.int16, shape)
    else:
        _header(path, shape)
        out = np.memmap(path, np.int16, "r+", 352, shape)
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 15, (600, 600)).astype(np.int16)
    for z in range(slices):
        plane = small[z * len(small) // slices].repeat(2, 0).repeat(2, 1)
        y, x = rng.integers(0, 88, 2)
        out[z] = np.clip(plane + noise[y : y + 512, x : x + 512], -1024, 3071)
    out.flush()


def _header(path: Path, shape: tuple[int, int, int]) -> None:
    """A NIfTI-1 header for int16 voxels: what is written here is read from disk slice by slice."""
    import struct

    dz = SPACING[0] * 300 / shape[0]
    head = bytearray(352)
    struct.pack_into("<i", head, 0, 348)
    struct.pack_into("<8h", head, 40, 3, shape[2], shape[1], shape[0], 1, 1, 1, 1)
    struct.pack_into("<2h", head, 70, 4, 16)
    struct.pack_into("<8f", head, 76, 1, SPACING[2], SPACING[1], dz, 0, 0, 0, 0)
    struct.pack_into("<3f", head, 108, 352, 1, 0)
    head[123] = 2  # mm
    struct.pack_into("<2h", head, 252, 0, 1)
    for row, at in enumerate((280, 296, 312)):
        values = [0.0] * 4
        values[row] = (-SPACING[2], -SPACING[1], dz)[row]  # RAS
        struct.pack_into("<4f", head, at, *values)
    head[344:348] = b"n+1\0"
    path.write_bytes(bytes(head) + bytes(0))
    with path.open("r+b") as file:
        file.truncate(352 + 2 * int(np.prod(shape)))


def whole(hu: np.ndarray) -> None:
    from ssc_core.geometry import Frame
    from ssc_core.io.volume import volume_from_array
    from ssc_core.lung.pipeline import analyse

    spacing = (SPACING[0] * 300 / len(hu), *SPACING[1:])
    result = analyse(volume_from_array(hu, Frame(spacing, (0.0, 0.0, 0.0))))
    assert sum(not level.missing for level in result.levels) == 5, result.flags


def streamed(path: Path) -> None:
    from ssc_core.io.volume import open_volume
    from ssc_core.lung.pipeline import analyse

    result = analyse(open_volume(path))
    assert sum(not level.missing for level in result.levels) == 5, result.flags


def two_largest(labels: np.ndarray) -> np.ndarray:
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    keep = np.zeros(len(sizes), bool)
    keep[np.argsort(sizes)[-2:]] = True
    return keep[labels]


def by_scipy(hu: np.ndarray) -> None:
    from scipy import ndimage

    air = hu < -320
    for plane in air:
        labels, n = ndimage.label(plane)
        border = np.zeros(n + 1, bool)
        border[np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))] = True
        plane &= ~border[labels]
    lungs = two_largest(ndimage.label(air)[0])
    lungs = ndimage.binary_closing(lungs, ndimage.generate_binary_structure(3, 1), iterations=3)
    for plane in lungs:
        plane |= ndimage.binary_fill_holes(plane)


def by_skimage(hu: np.ndarray) -> None:
    from scipy import ndimage
    from skimage import measure, segmentation

    air = hu < -320
    for z in range(len(air)):
        air[z] = segmentation.clear_border(air[z])
    lungs = two_largest(measure.label(air, connectivity=1))
    lungs = ndimage.binary_closing(lungs, ndimage.generate_binary_structure(3, 1), iterations=3)
    for plane in lungs:
        plane |= ndimage.binary_fill_holes(plane)


def by_sitk(hu: np.ndarray) -> None:
    import SimpleITK as sitk

    air = np.empty(hu.shape, np.uint8)
    for z, plane in enumerate(hu):
        dark = sitk.BinaryThreshold(sitk.GetImageFromArray(plane), -32768, -321, 1, 0)
        inner = sitk.GetArrayViewFromImage(sitk.BinaryGrindPeak(dark))
        air[z] = sitk.GetArrayViewFromImage(dark) - inner
    pieces = sitk.RelabelComponent(sitk.ConnectedComponent(sitk.GetImageFromArray(air)), 20000, True)
    lungs = sitk.BinaryMorphologicalClosing(
        sitk.BinaryThreshold(pieces, 1, 2, 1, 0), [3, 3, 3], sitk.sitkCross
    )
    view = sitk.GetArrayViewFromImage(lungs)
    for z in range(len(view)):
        sitk.BinaryFillhole(sitk.GetImageFromArray(view[z]), False)


def by_sitk_3d(hu: np.ndarray) -> None:
    import SimpleITK as sitk

    dark = sitk.BinaryThreshold(sitk.GetImageFromArray(hu), -32768, -321, 1, 0)
    labels = sitk.GetArrayFromImage(sitk.ConnectedComponent(dark))
    edge = np.unique(
        np.concatenate([labels[:, k].ravel() for k in (0, -1)] + [labels[:, :, k].ravel() for k in (0, -1)])
    )
    sizes = np.bincount(labels.ravel())
    sizes[edge] = 0
    sizes[0] = 0
    keep = np.isin(np.arange(len(sizes)), np.argsort(sizes)[-2:])
    lungs = sitk.GetImageFromArray(keep[labels].astype(np.uint8))
    sitk.BinaryFillhole(sitk.BinaryMorphologicalClosing(lungs, [3, 3, 3], sitk.sitkCross), False)


METHODS = {
    "whole analysis, ours": whole,
    "SimpleITK per slice": by_sitk,
    "SimpleITK 3-D": by_sitk_3d,
    "scipy": by_scipy,
    "scikit-image": by_skimage,
}

if __name__ == "__main__":
    main()
