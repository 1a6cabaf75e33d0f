"""Take the mean error out of a trained extent network: four numbers, folded into its last layer."""

from __future__ import annotations

from typing import Any

from ssc_core.lung.extent.task import lung_mean
from ssc_core.models.extent_net import ExtentNet, patterns_of
from ssc_core.progress import Tick, silent
from ssc_core.training.loading import batches
from ssc_core.training.task import Items

__all__ = ["calibrate"]

_STEPS = 200


def calibrate(network: ExtentNet, items: Items, tick: Tick = silent) -> dict[str, float]:
    """Scale and shift the logits so that the squared error on `items` is least; changes `network`.

    The loss of training is absolute beyond a few percent points, so a place that may or may not be diseased
    is called healthy and large extents come out too small. The mean is made right here, on slices that were
    not trained on. The map stays the score: only the last convolution changes.

    Parameters
    ----------
    network : ExtentNet
        With the extent head.
    items : Items
        As the trainer takes them.
    tick : Tick
        Progress.

    Returns
    -------
    dict
        Mean absolute error and bias of TOT before and after, percent points.
    """
    import torch

    logits, cells, targets = [], [], []
    with torch.inference_mode():
        for done, (image, lung, target) in enumerate(batches(items, range(len(items)), 8, None)):
            tick(8 * done, len(items), "outputs")
            logits.append(network.eval()(image).float())
            cells.append(lung)
            targets.append(target)
    z, lung, truth = (torch.cat(parts).clone() for parts in (logits, cells, targets))
    scale = torch.ones(1, requires_grad=True)
    shift = torch.zeros(4, requires_grad=True)
    optimiser = torch.optim.LBFGS([scale, shift], max_iter=_STEPS, line_search_fn="strong_wolfe")

    def told() -> Any:
        return lung_mean(patterns_of(scale * z + shift[:, None, None]), lung)

    def loss() -> Any:
        optimiser.zero_grad()
        value = (told() - truth).square().mean() + shift.mean().square()  # a common shift changes nothing
        value.backward()
        return value

    before = told().detach() - truth
    optimiser.step(loss)
    after = told().detach() - truth
    with torch.no_grad():
        network.out.weight.mul_(scale)
        network.out.bias.mul_(scale).add_(shift)
    return {
        "mae_before": float(before.abs().mean()),
        "mae_after": float(after.abs().mean()),
        "bias_tot_before": float(before[:, 0].mean()),
        "bias_tot_after": float(after[:, 0].mean()),
    }
