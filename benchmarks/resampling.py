"""How much faster slab-wise resampling is than SimpleITK and SciPy, and whether they agree.

    python benchmarks/resampling.py [--slices 600] [--rounds 3] [--target 256]

A synthetic CT of 512 x 512 pixels is brought to a cube, linearly, on the same grid by every method. They take
turns within a round; the ratio is the median over rounds. "from zarr" reads the CT from disk, block by block,
as real use does; the others are given it in memory. Peak memory is that of a process of its own, less what it
held before.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ssc_core.geometry import Frame
from ssc_core.io.volume import Volume, open_volume, resampled, to_zarr, volume_from_array


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--slices", type=int, default=600)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--target", type=int, default=256)
    arguments.add_argument("--only", help="run one method once and print its peak memory")
    given = arguments.parse_args()
    hu = synthetic(given.slices)
    shape = (given.target,) * 3
    with tempfile.TemporaryDirectory() as folder:
        volume = volume_from_array(hu, Frame((0.6, 0.7, 0.7), (0, 0, 0)))
        methods: dict[str, Callable[[], np.ndarray]] = {
            "SimpleITK, 2 threads": lambda: simpleitk(volume, hu, shape),
            "scipy zoom, order 1": lambda: scipy_zoom(hu, shape),
            "slab-wise, 1 thread": lambda: resampled(volume, shape=shape, workers=1)[0],
            "slab-wise, 2 threads": lambda: resampled(volume, shape=shape, workers=2)[0],
        }
        if given.only:
            before = peak_mb()
            methods[given.only]()
            print(peak_mb() - before)
            return
        path = to_zarr(volume, Path(folder) / "ct.zarr")
        methods["slab-wise from zarr"] = lambda: resampled(open_volume(path), shape=shape)[0]
        compare(methods, given.rounds)
    for name in ("SimpleITK, 2 threads", "scipy zoom, order 1", "slab-wise, 2 threads"):
        command = [sys.executable, __file__, "--slices", str(given.slices), "--only", name]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        print(f"{name:24s} {float(done.stdout):7.0f} MB beyond the CT of {hu.nbytes / 2**20:.0f} MB")


def compare(methods: dict[str, Callable[[], np.ndarray]], rounds: int) -> None:
    """Print time, ratio to the first method, and the largest and mean difference from it in HU."""
    times: dict[str, list[float]] = {name: [] for name in methods}
    results = {}
    for _ in range(rounds):
        for name, method in methods.items():
            begin = time.perf_counter()
            results[name] = method()
            times[name].append(time.perf_counter() - begin)
    first = next(iter(methods))
    inner = (slice(1, -1),) * 3
    for name in methods:
        ratio = statistics.median(a / b for a, b in zip(times[first], times[name], strict=True))
        off = np.abs(results[name][inner].astype(int) - results[first][inner])
        print(
            f"{name:24s} {statistics.median(times[name]):7.2f} s  ratio {ratio:5.2f}  difference at most"
            f" {off.max()} HU, mean {off.mean():.3f}"
        )


def synthetic(slices: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    block = rng.integers(-1000, 400, (40, 512, 512)).astype(np.int16)
    return np.concatenate([block] * -(-slices // 40))[:slices]


def simpleitk(volume: Volume, hu: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    import SimpleITK as sitk

    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(2)
    image = sitk.GetImageFromArray(hu)
    image.SetSpacing(volume.frame.spacing[::-1])
    sizes = zip(volume.frame.spacing, volume.shape, shape, strict=True)
    target = volume.frame.resampled([d * n / m for d, n, m in sizes])
    cosines = image.GetDirection()
    out = sitk.Resample(
        image, shape[::-1], sitk.Transform(), sitk.sitkLinear, target.origin[::-1], target.spacing[::-1],
        cosines, 0.0, sitk.sitkInt16,
    )  # fmt: skip
    return sitk.GetArrayFromImage(out)


def scipy_zoom(hu: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    from scipy import ndimage

    factors = [m / n for m, n in zip(shape, hu.shape, strict=True)]
    return ndimage.zoom(hu, factors, order=1, mode="nearest", grid_mode=True)


def peak_mb() -> float:
    text = Path("/proc/self/status").read_text()
    return int(next(line for line in text.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


if __name__ == "__main__":
    main()
