"""Replacement heat maps: ours against the naive batched loop, captum and MONAI, with the equality shown.

    python benchmarks/heatmap.py [--networks vgg11 convnext_tiny] [--rounds 1] [--size 512] [--device cpu]
                                 [--compiled] [--extra FOLDER]

Weights are random (speed does not depend on them); ConvNeXt's layer_scale is drawn between 0.2 and 0.4: at
its initial 1e-6 the branches vanish and any approximation looks exact. The slice has two elliptic lungs.

The naive loop runs a whole slice for every square (also those without lung), eight at a time. Its cost is
measured on some squares, spread between the parts of ours so that both feel the same machine, and scaled
to all of them; ours are whole maps, preparation included. captum's Occlusion and MONAI's OcclusionSensitivity
are measured in the same way, each with what it can do (a hard-edged square; MONAI one constant value only).
They are no requirements: install them into a folder of their own (pip install --target FOLDER captum monai
--no-deps) and name it with --extra.

All ratios are to the naive loop of the same run. On a CPU they are of the processor's time, so that other
work on the machine does not count; on a GPU of the time that passes.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import nn

from ssc_core.lung.heatmap import HeatMap, refined_heatmaps
from ssc_core.models.snet import build

WINDOW, STRIDE, FADE = 64, 16, 4
clock: Callable[[], float] = time.process_time


@dataclass
class Scene:
    """A slice, its lung, what replaces it."""

    image: np.ndarray
    lung: np.ndarray
    texture: np.ndarray
    starts: np.ndarray = field(default_factory=lambda: np.zeros((0, 2), int))


def scene(n: int, seed: int = 0) -> Scene:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:n, :n] / n
    right = ((y - 0.51) / 0.264) ** 2 + ((x - 0.3125) / 0.14) ** 2 < 1
    left = ((y - 0.51) / 0.254) ** 2 + ((x - 0.6875) / 0.148) ** 2 < 1
    lung = right | left
    base = gaussian_filter(rng.normal(size=(n, n)), 6)
    base = (base - base.min()) / np.ptp(base)
    noise = 0.05 * rng.normal(size=(n, n))
    image = np.clip(np.where(lung, 0.2 + 0.25 * base, 0.5) + noise, 0, 1).astype(np.float32)
    texture = (0.18 + 0.03 * gaussian_filter(rng.normal(size=(n, n)), 1)).astype(np.float32)
    at = range(0, n - WINDOW + 1, STRIDE)
    return Scene(image, lung, texture, np.array([(i, j) for i in at for j in at]))


def network_of(name: str) -> nn.Module:
    torch.manual_seed(0)
    network = build(name)
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if hasattr(module, "layer_scale"):
            nn.init.uniform_(module.layer_scale, 0.2, 0.4)
    return network.eval().requires_grad_(False)


def opacity(where: Scene, start: np.ndarray) -> np.ndarray:
    """How much of the texture shows in the whole slice; written down anew, not taken from the package."""
    from scipy.ndimage import distance_transform_edt

    square = np.zeros_like(where.lung)
    square[start[0] : start[0] + WINDOW, start[1] : start[1] + WINDOW] = True
    y, x = np.mgrid[: len(square), : square.shape[1]]
    edge = np.minimum(y - start[0] + 1, start[0] + WINDOW - y)
    edge = np.minimum(edge, np.minimum(x - start[1] + 1, start[1] + WINDOW - x))
    depth = np.minimum(distance_transform_edt(where.lung), np.where(square, edge, 0))
    return np.clip(depth / (FADE + 1), 0, 1).astype(np.float32)


class Naive:
    """Whole slices in batches of eight."""

    def __init__(self, network: nn.Module, where: Scene, device: str) -> None:
        self.network, self.where, self.device = network, where, device
        self.starts: list[np.ndarray] = []
        self.changes: list[np.ndarray] = []
        self.seconds = 0.0
        image = torch.from_numpy(where.image).to(device)
        with torch.inference_mode():
            self.base = network(image[None, None])

    def run(self, starts: np.ndarray) -> None:
        """Change of the scores by some squares."""
        where = self.where
        images = np.stack([where.image + opacity(where, s) * (where.texture - where.image) for s in starts])[
            :, None
        ]
        begin = clock()
        with torch.inference_mode():
            change = self.network(torch.from_numpy(images).to(self.device)) - self.base
            self.changes.append(change.cpu().numpy())
        self.seconds += clock() - begin
        self.starts.append(starts)

    @property
    def per_square(self) -> float:
        """Seconds."""
        return self.seconds / sum(map(len, self.starts))


def timed(
    network: nn.Module, where: Scene, between: Callable[[], None], **how: object
) -> tuple[HeatMap, list]:
    """The map, and the seconds after which each picture was there without what ran `between`."""
    away, times = 0.0, []
    state = {"next": 0.2}

    def tick(done: float, total: float, what: str, /) -> None:
        nonlocal away
        if total and done / total >= state["next"]:
            state["next"] += 0.3
            begin = clock()
            between()
            away += clock() - begin

    begin = clock()
    pictures = refined_heatmaps(
        network, where.image, where.lung, where.texture, window=WINDOW, stride=STRIDE, fade=FADE, tick=tick,
        **how,
    )  # fmt: skip
    for picture in pictures:
        found = picture
        times.append(clock() - begin - away)
    return found, times


def agreement(found: HeatMap, naive: Naive) -> str:
    """Largest difference and rms error of changes on the squares that the naive loop ran too."""
    place = {tuple(s): k for k, s in enumerate(found.starts.tolist())}
    starts, changes = np.concatenate(naive.starts), np.concatenate(naive.changes)
    both = [(place[tuple(s)], c) for s, c in zip(starts.tolist(), changes, strict=True) if tuple(s) in place]
    ours = found.changes[[k for k, _ in both]]
    truth = np.stack([c for _, c in both])
    scale = np.abs(found.scores).max()
    rms = (np.sqrt(((ours - truth) ** 2).mean(0)) / truth.std(0)).max()
    least = min(np.corrcoef(a, b)[0, 1] for a, b in zip(ours.T, truth.T, strict=True))
    return (
        f"largest difference {np.abs(ours - truth).max() / scale:.1e} of the scores' scale, rms {rms:.2%} "
        f"of the changes' spread, correlation {least:.6f} ({len(both)} squares)"
    )


def compare(name: str, given: argparse.Namespace) -> None:
    where = scene(given.size)
    network = network_of(name).to(given.device)
    rng = np.random.default_rng(1)
    touching = [s for s in where.starts if where.lung[s[0] : s[0] + WINDOW, s[1] : s[1] + WINDOW].any()]
    print(f"\n{name}: {len(where.starts)} squares, {len(touching)} touch lung")
    naive = Naive(network, where, given.device)
    naive.run(np.array(touching[:8]))
    naive.seconds, naive.starts, naive.changes = 0.0, [], []  # the first call is not timed

    def between() -> None:
        naive.run(np.array([touching[k] for k in rng.integers(0, len(touching), 8)]))

    modes: dict[str, dict[str, object]] = {"exact": {"mode": "exact"}, "fast": {"mode": "fast"}}
    if given.compiled:
        modes["fast, compiled"] = {"mode": "fast", "compiled": True}
        timed(network, where, lambda: None, **modes["fast, compiled"])  # compiling is not timed
    found: dict[str, tuple[HeatMap, list]] = {}
    spent: dict[str, list] = {m: [] for m in modes}
    for _ in range(given.rounds):
        for mode, how in modes.items():
            before = naive.seconds, sum(map(len, naive.starts))
            between()
            found[mode] = timed(network, where, between, **how)
            between()
            unit = (naive.seconds - before[0]) / (sum(map(len, naive.starts)) - before[1])
            spent[mode].append([unit * len(where.starts) / t for t in found[mode][1]])
    print(f"  naive batched loop: 1 ({naive.per_square:.3f} s per square here)")
    for mode, (result, times) in found.items():
        ratios = np.median(spent[mode], axis=0)
        print(f"  {mode}: {ratios[-1]:.1f} x; {agreement(result, naive)}")
        share = times[0] / found["exact"][1][-1]
        print(f"    first picture of the whole lung after {share:.1%} of the exact time")
        for note in filter(None, (result.check, *result.notes)):
            print(f"    {note}")
    others(network, where, naive, given)


def others(network: nn.Module, where: Scene, naive: Naive, given: argparse.Namespace) -> None:
    """Captum and MONAI, each on a part of the slice that holds as many squares as it can be asked for."""
    image = torch.from_numpy(where.image)[None, None].to(given.device)
    try:
        from captum.attr import Occlusion
    except ImportError:
        print("  captum is not installed: left out")
    else:
        unit = _unit_of_captum(Occlusion(network), image, naive)
        print(f"  captum Occlusion: {naive.per_square / unit:.2f} x per square (texture, hard edge, no mask)")
    try:
        from monai.visualize import OcclusionSensitivity
    except ImportError:
        print("  MONAI is not installed: left out")
    else:
        unit = _unit_of_monai(OcclusionSensitivity, network, image, naive)
        print(f"  MONAI OcclusionSensitivity: {naive.per_square / unit:.2f} x per square (one constant only)")


def _unit_of_captum(occlusion: object, image: torch.Tensor, naive: Naive) -> float:
    texture = torch.from_numpy(naive.where.texture)[None, None].to(image.device)
    calls = [0]
    forward = occlusion.forward_func

    class Enough(Exception):
        pass

    def counted(x: torch.Tensor) -> torch.Tensor:
        if calls[0] >= 25:
            raise Enough
        calls[0] += len(x)
        return forward(x)

    occlusion.forward_func = counted
    begin = clock()
    try:
        with torch.inference_mode():
            occlusion.attribute(
                image, (1, WINDOW, WINDOW), strides=(1, STRIDE, STRIDE), baselines=texture, target=0,
                perturbations_per_eval=8,
            )  # fmt: skip
    except Enough:
        pass
    return (clock() - begin) / calls[0]


def _unit_of_monai(kind: Callable, network: nn.Module, image: torch.Tensor, naive: Naive) -> float:
    n = image.shape[-1]
    overlap = 1 - STRIDE / WINDOW
    sensitivity = kind(
        network, mask_size=WINDOW, n_batch=8, overlap=overlap, mode=0.18, activate=False, verbose=False
    )
    count = [0]
    forward = network.forward

    def counted(x: torch.Tensor) -> torch.Tensor:
        count[0] += len(x)
        return forward(x)

    network.forward = counted
    begin = clock()
    try:
        with torch.inference_mode(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            box = [n // 2 - 32, n // 2 + 31, n // 2 - 32, n // 2 + 31]
            sensitivity(image, b_box=[box[0], box[1], box[2], box[3]])
    finally:
        del network.forward
    return (clock() - begin) / max(count[0], 1)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--networks", nargs="+", default=["vgg11", "convnext_tiny"])
    arguments.add_argument("--rounds", type=int, default=1)
    arguments.add_argument("--size", type=int, default=512)
    arguments.add_argument("--device", default="cpu")
    arguments.add_argument("--compiled", action="store_true")
    arguments.add_argument("--extra", default="")
    given = arguments.parse_args()
    if given.extra:
        sys.path.append(given.extra)
    if given.device != "cpu":
        global clock
        clock = time.perf_counter
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {given.device}")
    for name in given.networks:
        compare(name, given)


if __name__ == "__main__":
    main()
