"""Networks of timm by name: with timm where it is installed, and with a stand-in for its interface."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from ssc_core.errors import InputError
from ssc_core.models import registry, timm_nets
from ssc_core.models.feature_net import open_feature_net


class Toy(torch.nn.Module):
    """What timm gives for num_classes=0: pooled features, and what it states about its weights."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = torch.nn.Conv2d(3, 5, 3)
        self.num_features = 5
        self.pretrained_cfg = {
            "input_size": (3, 64, 64), "mean": (0.5, 0.4, 0.3), "std": (0.2, 0.2, 0.1),
            "classifier": "head.fc", "license": "apache-2.0", "hf_hub_id": "timm/toy", "tag": "in1k",
            "fixed_input_size": False,
        }  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.stem(x)).mean(dim=(2, 3))


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A stand-in for timm, and a file with the toy's weights and a classifier."""
    stand_in = ModuleType("timm")
    stand_in.is_model = lambda name: name == "toy"  # type: ignore[attr-defined]

    def create_model(name: str, *, pretrained: bool, num_classes: int) -> Toy:
        assert (name, pretrained, num_classes) == ("toy", False, 0)
        return Toy()

    stand_in.create_model = create_model  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "timm", stand_in)
    monkeypatch.setenv("SSC_MODELS", str(tmp_path / "models"))
    timm_nets.timm_card.cache_clear()
    torch.manual_seed(0)
    path = tmp_path / "toy.safetensors"
    save_file({**Toy().state_dict(), "head.fc.weight": torch.zeros(10, 5)}, path)
    yield path
    timm_nets.timm_card.cache_clear()


def test_imported_weights_give_pooled_features(toy: Path) -> None:
    with pytest.raises(InputError, match=r"ssc models import timm:toy FILE.*timm/toy; licence: apache-2.0"):
        open_feature_net("timm:toy")
    registry.import_file("timm:toy", toy)
    assert "timm:toy" in registry.known()
    net = open_feature_net("timm:toy")
    patch = np.random.default_rng(0).integers(0, 256, (2, 80, 80, 3), np.uint8)  # any size: it is not fixed
    torch.manual_seed(0)
    plain = Toy().eval()
    mean, std = torch.tensor((0.5, 0.4, 0.3)), torch.tensor((0.2, 0.2, 0.1))
    with torch.no_grad():
        true = plain(((torch.from_numpy(patch).float() / 255 - mean) / std).permute(0, 3, 1, 2)).numpy()
    assert net(patch) == pytest.approx(true, abs=1e-6)
    assert net.size_px is None


@pytest.mark.parametrize("name", ["hf-hub:somebody/net", "local-dir:x", "../net", "unknown"])
def test_names_that_would_fetch_or_do_not_exist_are_refused(toy: Path, name: str) -> None:
    with pytest.raises(InputError, match="timm has no network called"):
        open_feature_net(f"timm:{name}")


def test_without_timm_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    timm_nets.timm_card.cache_clear()
    with pytest.raises(InputError, match="pip install timm"):
        open_feature_net("timm:resnet18")


@pytest.mark.skipif(importlib.util.find_spec("timm") is None, reason="timm is not installed")
def test_a_network_of_timm_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSC_MODELS", str(tmp_path / "models"))
    import timm

    torch.manual_seed(0)
    whole = timm.create_model("resnet10t", pretrained=False).eval()
    torch.save(whole.state_dict(), tmp_path / "w.pth")
    registry.import_file("timm:resnet10t", tmp_path / "w.pth")
    net = open_feature_net("timm:resnet10t")
    patch = np.random.default_rng(0).integers(0, 256, (1, 227, 227, 3), np.uint8)
    mean, std = (torch.tensor(whole.pretrained_cfg[k]) for k in ("mean", "std"))
    with torch.no_grad():
        x = ((torch.from_numpy(patch).float() / 255 - mean) / std).permute(0, 3, 1, 2)
        true = whole.forward_head(whole.forward_features(x), pre_logits=True).numpy()
    assert net(patch) == pytest.approx(true, rel=1e-4, abs=1e-4)
