"""The network: rules of the scores hold by construction, for any weights and any input."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ssc_core.errors import FormatError, InputError
from ssc_core.lung.extent.task import ExtentTask, lung_mean
from ssc_core.models.extent_net import STRIDE, ExtentNet, extent_name, patterns_of
from ssc_core.models.nets import build, shapes
from ssc_core.training.state import write_state


def _small(head: str = "extent") -> ExtentNet:
    torch.manual_seed(0)
    return ExtentNet(5, (1, 1, 1, 1), (8, 8, 16, 16), head).eval()


@pytest.mark.parametrize("scale", [0.1, 3.0, 60.0])
def test_scores_keep_their_rules_whatever_the_weights(scale: float) -> None:
    torch.manual_seed(1)
    logits = scale * torch.randn(3, 4, 12, 16)
    maps = patterns_of(logits)
    lung = (torch.rand(3, 12, 16) > 0.4).float()
    tot, gg, ret = lung_mean(maps, lung).double().unbind(1)
    assert (maps >= 0).all()
    assert (maps <= 1 + 1e-6).all()
    assert (torch.maximum(gg, ret) <= tot + 1e-4).all()
    assert (tot <= gg + ret + 1e-4).all()


@pytest.mark.parametrize("size", [(STRIDE, STRIDE), (2 * STRIDE, 3 * STRIDE)])
def test_a_map_has_a_quarter_of_the_side(size: tuple[int, int]) -> None:
    with torch.no_grad():
        out = _small()(torch.zeros(2, 5, *size))
    assert out.shape == (2, 4, size[0] // 4, size[1] // 4)


def test_regression_head_looks_at_the_lung_alone() -> None:
    """Features outside do not count: the same weights of the mean, another scale."""
    net = _small("regression")
    x = torch.randn(1, 5, 64, 64)
    lung = torch.zeros(1, 64, 64)
    lung[:, 20:50, 10:50] = 1
    with torch.no_grad():
        told = net(x, lung)
        assert told.shape == (1, 3)
        assert torch.allclose(told, net(x, 0.5 * lung), atol=1e-5)


def test_the_name_is_the_plan() -> None:
    name = extent_name(5)
    assert isinstance(build(name), ExtentNet)
    assert sum(torch.Size(s).numel() for s in shapes(name).values()) * 2 < 8e6  # bytes in half precision
    for wrong in (
        "extent:extent-in5",
        "extent:other-in5-2x2x6x2-32x64x128x256",
        "extent:extent-in99-2x2x6x2-8x8x8x8",
    ):
        with pytest.raises(InputError):
            build(wrong)


def test_the_loss_teaches_from_three_numbers_alone() -> None:
    """A bright patch is found as disease although no place was ever labelled."""
    torch.manual_seed(0)
    net = ExtentNet(5, (1, 1, 1, 1), (8, 8, 16, 16))
    task = ExtentTask()
    optimiser = torch.optim.Adam(net.parameters(), lr=3e-3)
    generator = torch.Generator().manual_seed(0)

    def batch(n: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        x = 0.1 * torch.randn(n, 5, 64, 64, generator=generator)
        where = torch.zeros(n, 64, 64)
        for i in range(n):
            a, b = torch.randint(0, 40, (2,), generator=generator).tolist()
            h, w = torch.randint(8, 56, (2,), generator=generator).tolist()
            where[i, a : a + h, b : b + w] = 1
        x[:, 0] += where
        share = 100 * where.mean(dim=(1, 2))
        return x, torch.ones(n, 16, 16), torch.stack([share, share, torch.zeros(n)], dim=1), where

    for _ in range(90):
        x, cells, target, _ = batch(8)
        optimiser.zero_grad()
        loss = task.loss(net, (x, cells, target))
        loss.backward()
        optimiser.step()
    x, cells, target, where = batch(8)
    with torch.no_grad():
        maps = patterns_of(net.eval()(x))[:, 0]
        judged = task.judge(net, (x, cells, target))
    coarse = torch.nn.functional.adaptive_avg_pool2d(where, (16, 16))
    inside, outside = maps[coarse > 0.9].mean(), maps[coarse < 0.1].mean()
    assert inside > outside + 0.5
    assert judged["mae_tot"].mean() < 10


def test_a_training_may_begin_with_earlier_weights(tmp_path: Path) -> None:
    task = ExtentTask()
    torch.manual_seed(3)
    first = task.network()
    file = tmp_path / "w.safetensors"
    write_state(
        file, {n: t.half() for n, t in first.state_dict().items()}, {"architecture": task.architecture}
    )
    again = ExtentTask(start=file).network()
    for name, tensor in again.state_dict().items():
        kept = first.state_dict()[name].half().float()
        if name.startswith("out."):  # drawn together: the same order, less sure
            assert torch.allclose(tensor, 0.35 * kept)
        else:
            assert torch.equal(tensor, kept)
    with pytest.raises(FormatError, match="architecture"):
        ExtentTask("regression", file).network()
