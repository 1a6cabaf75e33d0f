"""The step-by-step way gives what running whole images gives, wherever the window lies."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from ssc_core.errors import InputError
from ssc_core.models.incremental import compiling, crops, local_changes
from ssc_core.models.incremental.compiling import Compiled
from ssc_core.models.incremental.reach import Region, reached

FAMILIES = ("vgg", "vgg_bn", "convnext")


def windows(image: torch.Tensor, starts: np.ndarray, size: tuple[int, int], seed: int = 0) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    h, w = size
    new = [image[y : y + h, x : x + w] + 0.3 * torch.tensor(rng.normal(size=size)) for y, x in starts]
    return torch.stack(new).float()


def whole(network: nn.Module, image: torch.Tensor, patches: torch.Tensor, starts: np.ndarray) -> torch.Tensor:
    h, w = patches.shape[1:]
    out = []
    with torch.inference_mode():
        for patch, (y, x) in zip(patches, starts, strict=True):
            changed = image.clone()
            changed[y : y + h, x : x + w] = patch
            out.append(network(changed[None, None])[0] - network(image[None, None])[0])
    return torch.stack(out)


CORNERS = np.array([(0, 0), (0, 144), (112, 0), (112, 144), (56, 72), (17, 5), (101, 131)])


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("batch", [1, 3, 7])
def test_exact_changes_are_those_of_whole_images(networks, image, family, batch):
    network = networks[family]
    patches = windows(image, CORNERS, (48, 48))
    at_hand = local_changes(network, image)
    assert at_hand.family == family.removesuffix("_bn")
    found = torch.cat(
        [at_hand.exact(patches[k : k + batch], CORNERS[k : k + batch]) for k in range(0, 7, batch)]
    )
    truth = whole(network, image, patches, CORNERS)
    scale = float(at_hand.scores.abs().max())
    assert float(truth.abs().max()) > 0.01 * scale  # there is something to compare
    assert float((found - truth).abs().max()) <= 1e-5 * scale


@settings(max_examples=15, deadline=None)
@given(
    family=st.sampled_from(FAMILIES),
    size=st.tuples(st.integers(3, 70), st.integers(3, 70)),
    place=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=3),
)
def test_any_window_anywhere(networks, image, family, size, place):
    room = np.subtract(image.shape, size)
    starts = np.array([np.floor(np.multiply(p, room)) for p in place], np.int64)
    patches = windows(image, starts, size)
    at_hand = local_changes(networks[family], image)
    truth = whole(networks[family], image, patches, starts)
    assert float((at_hand.exact(patches, starts) - truth).abs().max()) <= 1e-5 * float(
        at_hand.scores.abs().max()
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_fast_changes_are_close_to_exact_ones(networks, image, family):
    rng = np.random.default_rng(1)
    starts = rng.integers(0, (112, 144), (24, 2))
    patches = windows(image, starts, (48, 48)) * torch.linspace(0.2, 1.4, 24)[:, None, None]
    at_hand = local_changes(networks[family], image)
    fast, exact = at_hand.fast(patches, starts), at_hand.exact(patches, starts)
    error = (fast - exact).pow(2).mean(0).sqrt() / exact.std(0)
    assert float(error.max()) < 0.03
    assert float(error.max()) > 1e-6  # it is not the exact way under another name
    assert all(np.corrcoef(fast[:, k], exact[:, k])[0, 1] > 0.999 for k in range(3))


@pytest.mark.parametrize("way", ["exact", "fast"])
@pytest.mark.parametrize("family", FAMILIES)
def test_nothing_changes_where_nothing_is_replaced(networks, image, family, way):
    at_hand = local_changes(networks[family], image)
    same = torch.stack([image[y : y + 48, x : x + 48] for y, x in CORNERS])
    for _ in range(2):  # and what is kept of the image stays as it is
        assert float(getattr(at_hand, way)(same, CORNERS).abs().max()) <= 2e-6 * float(
            at_hand.scores.abs().max()
        )


def test_a_network_that_is_only_wrapped_is_taken_apart(networks, image):
    class Wrapped(nn.Module):
        def __init__(self, body, factor):
            super().__init__()
            self.body, self.factor = body, factor

        def forward(self, x):
            return self.body(x) * self.factor

    assert local_changes(Wrapped(networks["convnext"], 1.0).eval(), image).family == "convnext"
    doubled = local_changes(Wrapped(networks["convnext"], 2.0).eval(), image)
    assert doubled.family == ""
    assert "does more" in doubled.notes()[0]
    starts = CORNERS[:2]
    patches = windows(image, starts, (48, 48))
    truth = 2 * whole(networks["convnext"], image, patches, starts)
    assert torch.allclose(doubled.exact(patches, starts), truth, atol=1e-5)


def test_other_networks_run_on_whole_images(image):
    network = nn.Sequential(
        nn.Conv2d(1, 4, 5, stride=3), nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)
    )
    at_hand = local_changes(network.eval().requires_grad_(False), image)
    assert at_hand.fast is None
    assert "neither" in at_hand.notes()[0]
    patches = windows(image, CORNERS, (48, 48))
    assert torch.allclose(at_hand.exact(patches, CORNERS), whole(network, image, patches, CORNERS), atol=1e-6)


def test_odd_sides_run_on_whole_images(networks, image):
    at_hand = local_changes(networks["vgg"], image[:150, :190])
    assert at_hand.fast is None
    assert "multiples of 16" in at_hand.notes()[0]


def test_training_mode_is_refused(networks, image):
    network = nn.Sequential(networks["vgg_bn"])
    network.train()
    try:
        with pytest.raises(InputError, match=r"\.eval\(\)"):
            local_changes(network, image)
    finally:
        network.eval()


@given(
    start=st.integers(0, 90),
    size=st.integers(1, 30),
    halo=st.integers(0, 3),
    stride=st.sampled_from([1, 2, 4]),
)
def test_reach_holds_every_output_that_sees_the_change(start, size, halo, stride):
    n = 120 // stride
    seen = [o for o in range(n) if o * stride - halo < start + size and (o + 1) * stride + halo > start]
    box = reached(Region(np.array([[start, start]]), (size, size)), halo, stride, (n, n))
    assert box.starts[0, 0] == seen[0]
    assert box.size[0] == len(seen)


def test_without_a_compiler_it_is_said_and_left(monkeypatch):
    monkeypatch.setattr(compiling.shutil, "which", lambda name: None)
    double = Compiled(lambda x: 2 * x, cuda=False)
    assert float(double(torch.tensor(2.0))) == 4.0
    assert "no C++ compiler" in double.note


def test_a_compiler_that_fails_is_said_and_left(monkeypatch):
    def broken(function, dynamic):
        def fail(*inputs):
            raise RuntimeError("no")

        return fail

    monkeypatch.setattr(torch, "compile", broken)
    double = Compiled(lambda x: 2 * x, cuda=True)
    assert double.note == ""
    assert float(double(torch.tensor(2.0))) == 4.0
    assert "compiling failed (RuntimeError)" in double.note


@pytest.mark.parametrize("family", FAMILIES)
def test_boxes_by_index_are_boxes_by_copies(networks, image, family, monkeypatch):
    """What a GPU does with boxes gives the same as what a CPU does."""
    patches = windows(image, CORNERS, (48, 48))
    found = {}
    for by_row in (True, False):
        monkeypatch.setattr(crops, "_row_by_row", lambda tensor, by_row=by_row: by_row)
        at_hand = local_changes(networks[family], image)
        found[by_row] = at_hand.exact(patches, CORNERS), at_hand.fast(patches, CORNERS)
    for a, b in zip(found[True], found[False], strict=True):
        assert torch.allclose(a, b, atol=1e-6 * float(at_hand.scores.abs().max()))


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")  # torch's compiler imports it itself
def test_compiled_changes_are_the_same(networks, image):
    """Needs a C++ compiler and a minute or more; without one the note says so and the result is the same."""
    patches = windows(image, CORNERS, (48, 48))
    plain = local_changes(networks["convnext"], image)
    fused = local_changes(networks["convnext"], image, compiled=True)
    a, b = plain.fast(patches, CORNERS), fused.fast(patches, CORNERS)
    assert fused.notes() == () or "nothing was compiled" in fused.notes()[0]
    assert float((a - b).abs().max()) < 0.01 * float(a.std())
