from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from ssc_core.errors import FormatError, InputError
from ssc_core.lung.lnet.weights import load_level_nets
from ssc_core.models.lnet import LEVELS, PLANS, Cost, LNet, cost, lnet
from ssc_core.models.nets import build, shapes
from ssc_core.training.state import write_state


def cost_of(name: str, outputs: int = LEVELS) -> Cost:
    with torch.device("meta"):
        network = lnet(name, outputs).eval()
    plan = PLANS[name]
    return cost(network, (1, 1, plan.crop, *plan.grid[1:]))


def test_the_published_network_has_its_published_size() -> None:
    with torch.device("meta"):
        network = lnet("published").eval()
    maps = network.features(torch.zeros(1, 1, 192, 256, 256, device="meta"))
    assert tuple(maps.shape) == (1, 128, 5, 7, 7)
    sizes = shapes("lnet:published")
    assert sizes["ln1.weight"] == (1024, 27648)
    assert sizes["ln3.weight"] == (5, 1024)
    assert [sizes[f"features.{i}.weight"][0] for i in (0, 4, 8, 11, 15, 18, 22, 25)] == [
        8, 16, 32, 32, 64, 64, 128, 128,
    ]  # fmt: skip
    assert round(cost_of("published").parameters / 1e6, 1) == 30.2
    assert round(sizes["ln1.weight"][0] * sizes["ln1.weight"][1] / 1e6, 1) == 28.3


def test_table_3_does_not_have_the_size_that_it_prints() -> None:
    printed = cost_of("table3", outputs=3)
    assert round(printed.convolution_parameters / 1e6, 1) == 56.0
    assert printed.parameters > 28.84e6 * 1.9
    assert shapes("lnet:table3")["ln3.weight"] == (5, 256)


def test_multiply_adds_are_those_of_the_formula() -> None:
    found = cost(_on_meta(LNet(PLANS["published"])), (1, 1, 64, 64, 64)).multiply_adds
    side, before, total = 64, 1, 0
    for block in PLANS["published"].blocks:
        for width in block:
            total += side**3 * 27 * before * width
            before = width
        side = (side - 3) // 2 + 1
    total += 27648 * 1024 + 1024 * 1024 + 1024 * 5
    assert found == total


def _on_meta(network: torch.nn.Module) -> torch.nn.Module:
    return network.to("meta").eval()


@pytest.mark.parametrize(("name", "layers"), [("published", 8), ("vgg16", 13), ("vgg19", 16), ("table3", 8)])
def test_vgg_depths(name: str, layers: int) -> None:
    convolutions = [n for n, s in shapes(f"lnet:{name}").items() if len(s) == 5]
    assert len(convolutions) == layers


def test_deeper_networks_cost_more() -> None:
    costs = [cost_of(n).multiply_adds for n in ("published", "vgg16", "vgg19", "table3")]
    assert costs == sorted(costs)


def test_foreign_weights_of_the_published_layout_are_imported(tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = lnet("published").eval()
    for p in network.parameters():
        p.data.uniform_(-0.03, 0.03)
    state = network.state_dict()
    torch.save({f"module.{k}": v for k, v in state.items()}, tmp_path / "model.pt")
    nets = load_level_nets(tmp_path / "model.pt")
    assert nets.architecture == "lnet:published"
    assert nets.contract.grid == (256, 256, 256)
    assert nets.error_mm == ()
    x = torch.randn(1, 1, 64, 70, 66)
    with torch.no_grad():
        expected = by_hand(state, x)
        assert torch.allclose(nets.networks[0](x), expected, atol=1e-5)
        assert expected.std() > 0


def by_hand(state: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """The published layout from its description, layer by layer: convolution, ReLU, BatchNorm, pool 3/2."""
    layer = 0
    for depth in (1, 1, 2, 2, 2):
        for _ in range(depth):
            w, b = state[f"features.{layer}.weight"], state[f"features.{layer}.bias"]
            x = functional.relu(functional.conv3d(x, w, b, padding=1))
            norm = f"features.{layer + 2}."
            x = functional.batch_norm(
                x, state[norm + "running_mean"], state[norm + "running_var"], state[norm + "weight"],
                state[norm + "bias"],
            )  # fmt: skip
            layer += 3
        x = functional.max_pool3d(x, 3, 2)
        layer += 1
    x = functional.adaptive_avg_pool3d(x, 6).flatten(1)
    for name in ("ln1", "ln2"):
        x = functional.relu(functional.linear(x, state[f"{name}.weight"], state[f"{name}.bias"]))
    return functional.linear(x, state["ln3.weight"], state["ln3.bias"])


def test_weights_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    state = lnet("small").state_dict()
    state.pop("profile.0.bias")
    write_state(tmp_path / "a.safetensors", state, {"architecture": "lnet:small"})
    with pytest.raises(FormatError, match="1 are missing"):
        load_level_nets(tmp_path / "a.safetensors")
    write_state(
        tmp_path / "b.safetensors", lnet("small").state_dict(), {"architecture": "torchvision:alexnet"}
    )
    with pytest.raises(InputError, match="not of an L-Net"):
        load_level_nets(tmp_path / "b.safetensors")
    with pytest.raises(InputError, match="no such weights"):
        load_level_nets(tmp_path / "c.safetensors")
    with pytest.raises(InputError, match="no L-Net called 'huge'"):
        build("lnet:huge")


def test_the_small_network_moves_with_its_input() -> None:
    torch.manual_seed(0)
    network = lnet("small").eval()
    x = torch.zeros(1, 1, 72, 32, 32)
    x[:, :, 30:36] = 1.0
    with torch.no_grad():
        maps = network.features(x)
        moved = network.features(torch.roll(x, 7, dims=2))
    assert maps.shape[2] == 72
    assert np.allclose(torch.roll(maps, 7, dims=2)[:, :, 15:60], moved[:, :, 15:60], atol=1e-5)
