"""How much faster planned reading is than openslide-python field by field, and whether the pixels agree.

    python benchmarks/patch_reading.py [--size 30208] [--rounds 5] [SLIDE]

Without SLIDE a synthetic Aperio pyramid (JPEG tiles of 240 px, 4:2:0, factors 1, 4, 16) is written to a
temporary folder. Two jobs, as in the skin room: A reads 100 fields of 0.4 mm as 227 px patches, B 100 fields
of 227 px at level 0. The methods take turns within a round, and each opens the slide afresh, so that no cache
helps; the ratio is the median over rounds. The ratio of processor time (best round) feels neither what else
the machine does nor the number of threads; that of the busiest thread, with the time of the calling thread
added, is what the ratio comes to when every thread has a core to itself. Openslide is given the best case:
the same level, on its grid.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from pathlib import Path

import cv2
import numpy as np
import openslide
import shapely
import tifffile

from ssc_core.io.slide import open_slide
from ssc_core.tiles import SKIN, Fields, TileSpec, read_fields, reading, sample_fields
from ssc_core.tiles.reading import shrunk

TILE = 240
BLOCK = 3840  # texture repeats after 16 tiles


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("slide", nargs="?", type=Path)
    arguments.add_argument("--size", type=int, default=30208)
    arguments.add_argument("--rounds", type=int, default=5)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = given.slide or write_slide(Path(folder) / "synthetic.svs", given.size)
        slide = open_slide(path)
        print(slide)
        h, w = slide.shape
        centre = shapely.Point(w / 2, h / 2)
        ellipse = shapely.affinity.scale(centre.buffer(1), 0.4 * w, 0.32 * h)
        for name, spec in (("A: 0.4 mm to 227 px", SKIN), ("B: 227 px of level 0", TileSpec(227, None))):
            compare(name, path, sample_fields(ellipse, spec, slide, 100, seed=0), given.rounds)


def compare(name: str, path: Path, fields: Fields, rounds: int) -> None:
    """Print the times of all methods as ratios to the first one, and their largest difference in pixels."""
    methods: dict[str, Callable[[], np.ndarray]] = {
        "openslide, one by one": lambda: one_by_one(path, fields),
        "planned, 1 thread": lambda: read_fields(open_slide(path), fields, workers=1),
        "planned, 2 threads": lambda: read_fields(open_slide(path), fields, workers=2),
    }
    times: dict[str, list[float]] = {m: [] for m in methods}
    work: dict[str, list[float]] = {m: [] for m in methods}
    busiest: dict[str, list[float]] = {m: [] for m in methods}
    pixels: dict[str, np.ndarray] = {}
    spent_by = timed_by_thread()
    for _ in range(rounds):
        for method, read in methods.items():
            spent_by.clear()
            start, cpu, own = time.perf_counter(), time.process_time(), time.thread_time()
            pixels[method] = read()
            times[method].append(time.perf_counter() - start)
            work[method].append(time.process_time() - cpu)
            busiest[method].append(time.thread_time() - own + max(spent_by.values(), default=0.0))
    first = next(iter(methods))
    print(f"\n{name}   {fields}")
    for method in methods:
        ratios = [a / b for a, b in zip(times[first], times[method], strict=True)]
        off = np.abs(pixels[method].astype(int) - pixels[first]).max()
        spent = min(work[first]) / min(work[method])
        alone = min(busiest[first]) / min(busiest[method])
        print(
            f"  {method:22s} {statistics.median(times[method]):6.3f} s"
            f"  ratio {statistics.median(ratios):5.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
            f"  processor time ratio {spent:.2f}, of the busiest thread {alone:.2f}"
            f"  largest pixel difference {off}"
        )


def timed_by_thread() -> dict[int, float]:
    """Processor time that each thread spends on tiles and patches from now on."""
    spent: dict[int, float] = defaultdict(float)

    def timed(work: Callable) -> Callable:
        @wraps(work)
        def wrapper(*given):
            start = time.thread_time()
            found = work(*given)
            spent[threading.get_ident()] += time.thread_time() - start
            return found

        return wrapper

    for name in ("_decoded", "_patch"):
        now = getattr(reading, name)
        setattr(reading, name, timed(getattr(now, "__wrapped__", now)))
    return spent


def one_by_one(path: Path, fields: Fields) -> np.ndarray:
    """openslide-python as it is commonly used, with the same averaging at the end."""
    plan = fields.plan
    height, width = (int(np.ceil(s - 1e-9)) for s in plan.side)
    out = []
    with openslide.OpenSlide(path) as slide:
        factor = slide.level_downsamples[plan.level]
        for y, x in fields.starts:
            corner = (round(x * factor), round(y * factor))
            region = np.asarray(slide.read_region(corner, plan.level, (width, height)))[..., :3]
            out.append(shrunk(np.ascontiguousarray(region), plan.side, plan.size_px))
    return np.stack(out)


def write_slide(path: Path, size: int) -> Path:
    """A pink texture in an ellipse on glass, written tile by tile."""
    about = f"Aperio Image Library v12.0.15\n{size}x{size} ({TILE}x{TILE}) JPEG/RGB Q=80"
    how = {"compression": "jpeg", "compressionargs": {"level": 80}, "photometric": "rgb", "metadata": None}
    tiled = how | {"tile": (TILE, TILE), "subsampling": (2, 2), "dtype": np.uint8}
    texture = make_texture()
    with tifffile.TiffWriter(path, bigtiff=True) as file:
        for factor in (1, 4, 16):
            n = size // factor
            file.write(
                level_tiles(texture, size, factor), shape=(n, n, 3),
                description=f"{about}|AppMag = 40|MPP = 0.25", **tiled,
            )  # fmt: skip
            if factor == 1:  # the second page of an Aperio file is a thumbnail in strips
                file.write(np.full((768, 768, 3), 242, np.uint8), description=about, rowsperstrip=16, **how)
    return path


def make_texture() -> np.ndarray:
    rng = np.random.default_rng(0)
    waves = np.zeros((BLOCK, BLOCK), np.float32)
    for step, weight in ((1, 0.25), (4, 0.5), (16, 1.0), (64, 1.5), (256, 1.0)):
        noise = rng.normal(size=(BLOCK // step,) * 2).astype(np.float32)
        waves += weight * cv2.resize(noise, (BLOCK, BLOCK), interpolation=cv2.INTER_CUBIC)
    colour = np.stack([225 - 18 * waves, 150 - 25 * waves, 190 - 15 * waves], -1)
    for _ in range(9000):
        centre = tuple(int(v) for v in rng.integers(0, BLOCK, 2))
        axes = (int(rng.integers(8, 16)), int(rng.integers(12, 24)))
        cv2.ellipse(colour, centre, axes, float(rng.uniform(0, 180)), 0, 360, (95, 70, 140), -1)
    colour = cv2.GaussianBlur(colour, (0, 0), 1.2) + rng.normal(size=colour.shape).astype(np.float32) * 3
    return colour.clip(0, 255).astype(np.uint8)


def level_tiles(texture: np.ndarray, size: int, factor: int):
    small = cv2.resize(texture, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)
    count = -(-(size // factor) // TILE)
    within = np.arange(TILE)
    for row in range(count):
        y = within + row * TILE
        for col in range(count):
            x = within + col * TILE
            tile = small[np.ix_(y % len(small), x % len(small))]
            far = (((y[:, None] + 0.5) * factor / size - 0.5) / 0.35) ** 2 + (
                ((x[None] + 0.5) * factor / size - 0.5) / 0.43
            ) ** 2
            yield np.where((far < 1)[..., None], tile, np.uint8(242))


if __name__ == "__main__":
    main()
