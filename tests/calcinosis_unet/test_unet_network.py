from __future__ import annotations

import pytest
import torch

from ssc_core.errors import InputError
from ssc_core.models.nets import build, shapes
from ssc_core.models.unet import unet_name


@pytest.mark.parametrize(
    ("ndim", "shape"), [(2, (2, 1, 32, 48)), (3, (1, 1, 16, 24, 8))], ids=["plane", "volume"]
)
def test_output_has_the_size_of_the_input_and_one_channel_per_class(
    ndim: int, shape: tuple[int, ...]
) -> None:
    network = build(unet_name(ndim=ndim, width=4, depth=3, inputs=1, outputs=5))
    with torch.no_grad():
        out = network(torch.zeros(shape))
    assert out.shape == (shape[0], 5, *shape[2:])
    assert network.multiple == 8


def test_at_its_own_width_and_depth_it_is_ronnebergers() -> None:
    sizes = shapes(unet_name(ndim=2, width=64, depth=4, inputs=1, outputs=2))
    weights = {n: s for n, s in sizes.items() if len(s) == 4}
    assert len(weights) == 23  # "In total the network has 23 convolutional layers"
    total = sum(int(torch.tensor(s).prod()) for s in weights.values())
    assert total == 31_023_808
    assert max(s[0] for s in weights.values()) == 1024


@pytest.mark.parametrize(
    "name", ["unet:16", "unet:2d-width0-depth4-in1-out5", "unet:2d-width16-depth9-in1-out5"]
)
def test_impossible_networks_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="U-Net"):
        build(name)
