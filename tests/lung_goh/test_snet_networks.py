"""S-Nets: three linear outputs from one channel, ImageNet stems, other people's weights, the contract."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ssc_core.errors import FormatError, InputError
from ssc_core.geometry import Frame
from ssc_core.lung.goh.engines import scorer_of
from ssc_core.lung.goh.scorer import SliceScorer
from ssc_core.lung.snet.backbones import backbone_table, write_backbones
from ssc_core.lung.snet.contract import SNetContract
from ssc_core.lung.snet.inputs import deviations, fit_matrix, refuse_matrix
from ssc_core.lung.snet.predict import load_scorer
from ssc_core.models import registry
from ssc_core.models.card import card
from ssc_core.models.layouts import fitted
from ssc_core.models.nets import build as by_name
from ssc_core.models.nets import shapes
from ssc_core.models.snet import BACKBONES, build, pretrained_card
from ssc_core.models.torchvision_cpu import torchvision
from ssc_core.training.state import write_state

SMALL = "squeezenet1_1"


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SSC_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A random S-Net as a training run leaves it."""
    torch.manual_seed(1)
    path = tmp_path / "net.safetensors"
    contract = SNetContract(backbone=SMALL, matrix=96, spacing_mm=(0.6, 0.7), kernels=("FC86",))
    facts = {"architecture": f"snet-{SMALL}", "input": contract.model_dump(mode="json")}
    write_state(path, by_name(f"snet-{SMALL}").state_dict(), facts)
    return path


def test_every_backbone_has_its_published_size() -> None:
    """Against torchvision's own counts: minus its head and two colours, plus our head."""
    table = backbone_table(64).set_index("name")["parameters_m"] * 1e6
    assert tuple(table.index) == BACKBONES
    stated = {"convnext_tiny": (28_589_128, 768, 96 * 16), "resnet18": (11_689_512, 512, 64 * 49),
              "resnet50": (25_557_032, 2048, 64 * 49), "resnext50_32x4d": (25_028_904, 2048, 64 * 49),
              "densenet121": (7_978_856, 1024, 64 * 49), "densenet161": (28_681_000, 2208, 96 * 49),
              "shufflenet_v2_x1_0": (2_278_604, 1024, 24 * 9)}  # fmt: skip
    for name, (whole, width, stem) in stated.items():
        assert table[name] == whole - (width + 1) * 1000 + (width + 1) * 3 - 2 * stem, name
    head = 25088 * 1024 + 1024 + 1024 * 1024 + 1024 + 1024 * 3 + 3  # 1024-1024-3 behind 7 x 7 x 512
    assert table["vgg11"] == 9_220_480 - 2 * 64 * 9 + head


def test_operations_follow_the_definition() -> None:
    """VGG11 by hand at 64 x 64: 3 x 3 convolutions on 64, 32, 16, 8 and 4 pixels, then the full layers."""
    table = backbone_table(64).set_index("name")
    layers = [(1, 64, 64), (64, 128, 32), (128, 256, 16), (256, 256, 16), (256, 512, 8), (512, 512, 8),
              (512, 512, 4), (512, 512, 4)]  # fmt: skip
    macs = sum(9 * a * b * side**2 for a, b, side in layers) + 25088 * 1024 + 1024 * 1024 + 1024 * 3
    assert table.loc["vgg11", "gmacs"] * 1e9 == pytest.approx(macs, rel=1e-12)
    assert table.loc["vgg11", "gflops"] == pytest.approx(2 * table.loc["vgg11", "gmacs"])


@pytest.mark.parametrize("name", [SMALL, "shufflenet_v2_x1_0", "resnet18"])
def test_outputs_are_three_and_can_be_negative(name: str) -> None:
    torch.manual_seed(0)
    network = build(name)
    with torch.inference_mode():
        out = torch.cat([network(torch.randn(4, 1, 64, 64)), network(-torch.randn(4, 1, 64, 64))])
        assert out.shape == (8, 3)
        last = network.classifier[1] if name == SMALL else network.fc
        last.bias.fill_(-5.0)
        assert network(torch.zeros(1, 1, 64, 64)).max() < 0


def test_a_summed_stem_sees_grey_as_the_coloured_network_does(shelf: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    coloured = torchvision().models.squeezenet1_1(weights=None).eval()
    torch.save(coloured.state_dict(), tmp_path / "w.pth")
    assert pretrained_card(SMALL) == f"torchvision:{SMALL}"
    with pytest.raises(InputError, match="not on this machine"):
        build(SMALL, pretrained=True)
    registry.import_file(f"torchvision:{SMALL}", tmp_path / "w.pth", force=True)
    assert f"torchvision:{SMALL}" in registry.known()
    grey = torch.rand(2, 1, 96, 96)
    with torch.inference_mode():
        ours = build(SMALL, pretrained=True).features(grey)
        theirs = coloured.features(grey.expand(-1, 3, -1, -1))
        other = build(SMALL, pretrained=True, stem="random").features(grey)
    torch.testing.assert_close(ours, theirs)
    assert not torch.allclose(other, theirs)


def test_convnext_with_a_random_stem_starts_its_first_norm_anew() -> None:
    from ssc_core.models.snet import _one_channel

    network = torchvision().models.convnext_tiny(weights=None)
    norm = network.features[0][1]
    with torch.no_grad():
        norm.weight.fill_(3.0)
    _one_channel(network, "sum")
    assert norm.weight.unique().item() == 3.0
    _one_channel(network, "random")
    assert norm.weight.unique().item() == 1.0


def test_the_published_layouts_are_torchvisions() -> None:
    vgg = shapes("snet-vgg11_bn")
    assert [vgg[f"classifier.{i}.weight"] for i in (0, 3, 6)] == [(1024, 25088), (1024, 1024), (3, 1024)]
    assert vgg["features.0.weight"] == (64, 1, 3, 3)
    convnext = shapes("snet-convnext_tiny")
    assert convnext["features.0.0.weight"] == (96, 1, 4, 4)
    assert convnext["classifier.2.weight"] == (3, 768)
    for name in ("snet-jia2024-convnext", "snet-jia2024-vgg11_bn"):
        assert SNetContract.model_validate(card(name).contract).backbone == card(name).architecture[5:]


@pytest.mark.slow
def test_published_weights_are_imported_and_score(shelf: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = by_name("snet-convnext_tiny")
    state = {f"module.{k}": v for k, v in network.state_dict().items()}
    torch.save({"state_dict": state}, tmp_path / "model.pt")
    registry.import_file("snet-jia2024-convnext", tmp_path / "model.pt")
    scorer = scorer_of("snet-jia2024-convnext", "cpu")
    assert isinstance(scorer, SliceScorer)
    hu = np.random.default_rng(0).uniform(-1100, 300, (1, 512, 512)).astype(np.float32)
    with torch.inference_mode():
        want = network(torch.from_numpy((np.clip(hu, -1500, 1500) + 1500) / 3000)[None]).numpy()
    got = scorer.score(hu, np.ones(hu.shape, bool), (0.64, 0.64))
    assert got == pytest.approx(want, abs=1e-4)


def test_old_densenet_names_are_understood() -> None:
    wanted = shapes("snet-densenet121")
    old = {k.replace("norm1", "norm.1").replace("conv2", "conv.2"): np.zeros(s) for k, s in wanted.items()}
    assert set(old) != set(wanted)
    assert set(fitted(old, wanted, "snet-densenet121")) == set(wanted)


def test_a_weight_file_scores_slices_as_its_contract_says(weights: Path) -> None:
    scorer = load_scorer(weights, "cpu")
    rng = np.random.default_rng(0)
    hu = rng.uniform(-1100, 300, (3, 96, 96)).astype(np.float32)
    lung = np.ones(hu.shape, bool)
    lung[1] = False
    got = scorer.score(hu, lung, (0.65, 0.65))
    assert np.isnan(got[1]).all()
    with torch.inference_mode():
        want = scorer.networks[0](torch.from_numpy((np.clip(hu[[0, 2]], -1500, 1500) + 1500) / 3000)[:, None])
    assert got[[0, 2]] == pytest.approx(want.numpy(), abs=1e-4)
    told = scorer.outside(Frame((1, 0.65, 0.65), (0, 0, 0)), {"matrix": (200, 200), "kernel": "B40f"})
    assert any("200 x 200 pixels are cropped about the lung" in t for t in told)
    assert any("kernel B40f; the scorer learned on FC86" in t for t in told)
    assert any("not known of the CTs that the scorer learned on: slice thickness" in t for t in told)


def test_files_that_are_no_snet_are_refused(tmp_path: Path) -> None:
    write_state(tmp_path / "u.safetensors", {"a": torch.zeros(2)}, {"architecture": "unet:small"})
    with pytest.raises(InputError, match="not of an S-Net"):
        load_scorer(tmp_path / "u.safetensors", "cpu")
    torch.save({"a": torch.zeros(2)}, tmp_path / "x.pth")
    with pytest.raises(InputError, match="does not say which network"):
        load_scorer(tmp_path / "x.pth", "cpu")
    with pytest.raises(FormatError, match="do not fit"):
        load_scorer(tmp_path / "x.pth", "cpu", f"snet-{SMALL}")
    with pytest.raises(InputError, match="no S-Net backbone"):
        build("vgg12")


@pytest.mark.parametrize("scaling", ["unit", "zscore"])
def test_values_are_truncated_and_scaled(scaling: str) -> None:
    contract = SNetContract(backbone=SMALL, scaling=scaling)
    hu = np.array([[[-3000.0, -1500.0], [0.0, 9000.0]]], np.float32)
    fed = contract.fed(hu)
    assert fed.shape == (1, 1, 2, 2)
    if scaling == "unit":
        assert fed.ravel() == pytest.approx([0, 0, 0.5, 1])
    else:
        assert (fed.mean(), fed.std()) == (pytest.approx(0, abs=1e-6), pytest.approx(1))


def test_a_masked_contract_blanks_what_is_not_lung() -> None:
    contract = SNetContract(backbone=SMALL, masked=True)
    lung = np.array([[[True, False]]])
    assert contract.fed(np.zeros((1, 1, 2)), lung).ravel() == pytest.approx([0.5, 0.0])


def test_matrices_are_padded_and_cropped_without_resampling() -> None:
    hu = np.arange(6.0, dtype=np.float32).reshape(1, 2, 3)
    lung = np.zeros((1, 2, 3), bool)
    padded, mask = fit_matrix(hu, lung, 6)
    assert padded[0, 2:4, 1:4].tolist() == hu[0].tolist()
    assert (padded == -1024).sum() == 30
    big = np.zeros((1, 10, 10), np.float32)
    at = np.zeros((1, 10, 10), bool)
    at[0, 6:9, 0:3] = True
    big[at] = 7.0
    cropped, mask = fit_matrix(big, at, 4)
    assert mask.sum() == 9
    assert (cropped[mask] == 7).all()
    at[0, 1, 1] = True
    with pytest.raises(InputError, match="pixels wide"):
        fit_matrix(big, at, 4)


def test_deviations_say_what_differs_and_what_is_unknown() -> None:
    frame = Frame((3, 0.9, 0.9), (0, 0, 0))
    meta = {"matrix": (512, 512), "kernel": "B40f", "slice thickness (mm)": 3.0, "contrast": "yes"}
    known = {"spacing_mm": (0.5, 0.8), "thickness_mm": (0.5, 1.0), "kernels": ("FC86",), "contrast": "no"}
    told = deviations(frame, meta, **known)  # type: ignore[arg-type]
    assert len(told) == 4
    assert "pixels of 0.90 mm" in told[0]
    same = {"spacing_mm": (0.5, 0.9), "thickness_mm": (3, 3), "kernels": ("B40f",), "contrast": "both"}
    assert deviations(frame, meta, **same) == ()  # type: ignore[arg-type]
    assert deviations(frame, {"matrix": (512, 512)}, **same)[-1].startswith("the CT's file does not state")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"64 x 64 pixels of 4\.17 mm"):
        refuse_matrix(Frame((4, 4.17, 4.17), (0, 0, 0)), {"matrix": (64, 64)})


def test_the_table_of_backbones_is_written_once(tmp_path: Path) -> None:
    table = backbone_table(64).head(2)
    write_backbones(table, tmp_path / "t.csv")
    with pytest.raises(OSError, match="exists already"):
        write_backbones(table, tmp_path / "t.csv")


def test_weights_say_themselves_which_head_scores(weights: Path, tmp_path: Path) -> None:
    from ssc_core.lung.extent.contract import ExtentContract
    from ssc_core.lung.extent.scorer import ExtentScorer
    from ssc_core.lung.snet.predict import RegressionScorer
    from ssc_core.models.extent_net import extent_name

    assert isinstance(scorer_of(str(weights), "cpu"), RegressionScorer)
    name = extent_name(5, depths=(1, 1, 1, 1), widths=(8, 8, 8, 8))
    facts = {"architecture": name, "contract": ExtentContract().model_dump(mode="json")}
    write_state(tmp_path / "e.safetensors", by_name(name).state_dict(), facts)
    scorer = scorer_of(str(tmp_path / "e.safetensors"), "cpu")
    assert isinstance(scorer, ExtentScorer)
    assert isinstance(scorer, SliceScorer)
