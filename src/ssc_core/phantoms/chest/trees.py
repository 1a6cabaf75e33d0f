"""Trees that fill the lungs: arteries, veins and bronchi as tapering segments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Tree", "grow_tree"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tree:
    """Segments as `start`, `end` (n, 3) and radii (n,), in mm; `load`: how many ends each feeds."""

    start: FloatArray
    end: FloatArray
    first: FloatArray
    last: FloatArray
    load: npt.NDArray[np.int64]

    def joined(self, other: Tree) -> Tree:
        """Both trees as one."""
        return Tree(
            np.concatenate([self.start, other.start]),
            np.concatenate([self.end, other.end]),
            np.concatenate([self.first, other.first]),
            np.concatenate([self.last, other.last]),
            np.concatenate([self.load, other.load]),
        )


def grow_tree(
    root: npt.ArrayLike, root_radius: float, ends: FloatArray, rng: np.random.Generator, exponent: float = 2.3
) -> Tree:
    """A tree from `root` to every one of `ends` (n, 3), by halving the set of ends again and again.

    A branch that feeds a share s of the ends has the radius ``root_radius * s ** (1 / exponent)`` (Murray's
    law has the exponent 3; real lungs branch with somewhat less).
    """
    rows: list[tuple[FloatArray, FloatArray, float, float, int]] = []
    total = len(ends)

    def radius(count: int) -> float:
        return float(max(root_radius * (count / total) ** (1 / exponent), 0.45))

    stack = [(np.asarray(root, float), np.arange(total), root_radius)]
    while stack:
        at, members, wide = stack.pop()
        points = ends[members]
        if len(members) == 1:
            rows.append((at, points[0], wide, 0.35, 1))
            continue
        centre = points.mean(axis=0)
        goal = at + (0.35 + 0.2 * rng.random()) * (centre - at) + rng.normal(0, 1.5, 3)
        here = radius(len(members))
        rows.append((at, goal, min(wide, here * 1.1), here, len(members)))
        axis = np.linalg.svd(points - centre, full_matrices=False)[2][0] + rng.normal(0, 0.25, 3)
        order = np.argsort((points - centre) @ axis, kind="stable")
        cut = int(np.clip(round(len(members) * rng.uniform(0.3, 0.7)), 1, len(members) - 1))
        stack += [(goal, members[order[:cut]], here), (goal, members[order[cut:]], here)]
    start, end, first, last, load = zip(*rows, strict=True)
    return Tree(np.array(start), np.array(end), np.array(first), np.array(last), np.array(load))
