"""Take the mean error out of a trained extent network: four numbers, added to the bias of its last layer."""

from __future__ import annotations

from typing import Any

from ssc_core.errors import EmptyError
from ssc_core.lung.extent.task import lung_mean
from ssc_core.models.extent_net import ExtentNet, patterns_of
from ssc_core.progress import Tick, silent
from ssc_core.training.loading import batches
from ssc_core.training.task import Items

__all__ = ["calibrate"]

_STEPS = 60
_HEALTHY = 0.5  # weight of the slices without disease: nearly half of the published ones have none


def calibrate(network: ExtentNet, items: Items, tick: Tick = silent) -> dict[str, float]:
    """Shift the logits so that the squared error on `items` is least; changes `network`.

    The loss of training is absolute beyond a few percent points, so a place that may or may not be diseased
    is called healthy and large extents come out too small. Here the mean is made right on slices that were
    not trained on, of which healthy ones have half of the weight. The map stays the score.

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

    Raises
    ------
    EmptyError
        If all items are healthy, or none is.
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
    clear = truth[:, 0] == 0
    if clear.all() or not clear.any():
        raise EmptyError("healthy and diseased samples are needed; make more validation samples")
    weight = torch.where(clear, _HEALTHY / clear.sum(), (1 - _HEALTHY) / (~clear).sum())
    shift = torch.zeros(4, requires_grad=True)
    optimiser = torch.optim.LBFGS([shift], max_iter=_STEPS, line_search_fn="strong_wolfe")

    def told() -> Any:
        return lung_mean(patterns_of(z + shift[:, None, None]), lung)

    def loss() -> Any:
        optimiser.zero_grad()
        error = (told() - truth).square().mean(dim=1)
        value = (weight * error).sum() + shift.mean().square()  # a common shift changes nothing
        value.backward()
        return value

    before = told().detach() - truth
    optimiser.step(loss)
    after = told().detach() - truth
    with torch.no_grad():
        network.out.bias.add_(shift)
    return {
        "mae_before": float(before.abs().mean()),
        "mae_after": float(after.abs().mean()),
        "bias_tot_before": float(before[:, 0].mean()),
        "bias_tot_after": float(after[:, 0].mean()),
    }
