"""Patches to features, end to end: planned reading beside the network, against one after the other.

    python benchmarks/features.py [--size 15360] [--patches 100] [--rounds 3] [--device cpu] [SLIDE]

All methods give fc6 of AlexNet (random weights: speed does not depend on them) for the same fields of 0.4 mm.
The first is what is commonly written: openslide-python patch by patch, then the network in batches of 25,
channels first. The others show where the time goes. The methods take turns within a round and each opens the
slide afresh; ratios are medians over rounds. The largest difference of features is given beside them, as a
share of the largest feature.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import shapely
import torch
from patch_reading import one_by_one, write_slide

from ssc_core.io.slide import open_slide
from ssc_core.models.feature_net import open_feature_net
from ssc_core.skin.features import Backbone, extract, open_backbone
from ssc_core.tiles import SKIN, Fields, read_fields, sample_fields


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("slide", nargs="?", type=Path)
    arguments.add_argument("--size", type=int, default=15360)
    arguments.add_argument("--patches", type=int, default=100)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--device", default="cpu")
    given = arguments.parse_args()
    backbone = open_backbone("random-alexnet:0", device=given.device)
    with tempfile.TemporaryDirectory() as folder:
        path = given.slide or write_slide(Path(folder) / "synthetic.svs", given.size)
        slide = open_slide(path)
        h, w = slide.shape
        ellipse = shapely.affinity.scale(shapely.Point(w / 2, h / 2).buffer(1), 0.4 * w, 0.32 * h)
        fields = sample_fields(ellipse, SKIN, slide, given.patches, seed=0)
        print(slide, fields, backbone, f"{torch.get_num_threads()} threads", sep="\n")
        compare(path, fields, backbone, given.rounds)


def compare(path: Path, fields: Fields, backbone: Backbone, rounds: int) -> None:
    plain = plain_fc6(backbone)
    patches = read_fields(open_slide(path), fields)
    methods: dict[str, Callable[[], np.ndarray]] = {
        "openslide one by one, then network": lambda: plain(one_by_one(path, fields)),
        "planned reading beside the network": lambda: extract(open_slide(path), fields, backbone),
        "  openslide one by one alone": lambda: one_by_one(path, fields),
        "  planned reading alone": lambda: read_fields(open_slide(path), fields),
        "  network alone, plain": lambda: plain(patches),
        "  network alone, ours": lambda: batched(backbone, patches),
    }
    times: dict[str, list[float]] = {name: [] for name in methods}
    found: dict[str, np.ndarray] = {}
    for method in methods.values():  # the first calls of everything are not timed
        method()
    for _ in range(rounds):
        for name, method in methods.items():
            start = time.perf_counter()
            found[name] = method()
            times[name].append(time.perf_counter() - start)
    first, second = list(methods)[:2]
    for name in methods:
        against = first if name in (first, second) else None
        line = f"{name:36s} {statistics.median(times[name]):7.3f} s"
        if against is not None:
            ratios = [a / b for a, b in zip(times[against], times[name], strict=True)]
            line += f"  ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        print(line)
    off = np.abs(found[first] - found[second]).max() / np.abs(found[first]).max()
    print(f"largest difference of features: {off:.1e} of the largest")


def batched(backbone: Backbone, patches: np.ndarray, size: int = 25) -> np.ndarray:
    parts = [backbone.compute(patches[k : k + size], None, 1.0) for k in range(0, len(patches), size)]
    return np.concatenate(parts)


def plain_fc6(backbone: Backbone, size: int = 25) -> Callable[[np.ndarray], np.ndarray]:
    """The same weights with channels first, normalised as torchvision's presets do."""
    network = copy.deepcopy(open_feature_net(backbone.name, device=backbone.device)._network)
    network = network.to(memory_format=torch.contiguous_format)
    mean = torch.tensor([0.485, 0.456, 0.406], device=backbone.device)[:, None, None]
    std = torch.tensor([0.229, 0.224, 0.225], device=backbone.device)[:, None, None]

    def compute(patches: np.ndarray) -> np.ndarray:
        out = []
        with torch.inference_mode():
            for k in range(0, len(patches), size):
                x = torch.from_numpy(patches[k : k + size]).permute(0, 3, 1, 2).contiguous()
                out.append(network((x.to(backbone.device).float() / 255 - mean) / std).cpu().numpy())
        return np.concatenate(out)

    return compute


if __name__ == "__main__":
    main()
