"""Features of the patches of a slide, from a network and from morphometry."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from ssc_core.errors import Cancelled, InputError
from ssc_core.io.slide import Slide, open_slide
from ssc_core.models.feature_net import open_feature_net
from ssc_core.models.nets import build
from ssc_core.skin.drawing import Drawn, draw
from ssc_core.skin.features import MORPHOMETRY, Backbone, extract, open_backbone
from ssc_core.skin.morphometry import FEATURES, measure_field
from ssc_core.skin.params import SkinParams
from ssc_core.skin.pipeline import analyse
from ssc_core.skin.save import save
from ssc_core.tiles import read_fields


@pytest.fixture(scope="module")
def found(slide: Slide, drawn: Drawn, random_net: Backbone) -> np.ndarray:
    return extract(slide, drawn.fields, random_net)


def test_fc6_equals_a_plain_torchvision_forward(slide: Slide, drawn: Drawn, found: np.ndarray) -> None:
    """The whole network of torchvision, its own preprocessing, patch by patch; fc6 caught with a hook."""
    plain = build("torchvision:alexnet")
    net = open_feature_net("random-alexnet:0")._network  # the same weights, put into the plain network
    state = {f"features.{k}": v for k, v in net[0].state_dict().items()}
    state |= {f"classifier.1.{k}": v for k, v in net[3].state_dict().items()}
    plain.load_state_dict(state, strict=False)
    caught: list[torch.Tensor] = []
    plain.classifier[1].register_forward_hook(lambda *a: caught.append(a[2].clone()))
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    patches = read_fields(slide, drawn.fields)
    with torch.no_grad():
        for patch in patches:
            picture = (torch.from_numpy(patch).float() / 255 - mean) / std
            plain(picture.permute(2, 0, 1)[None].contiguous())
    true = torch.cat(caught).numpy()
    assert found.dtype == np.float32
    assert found.shape == true.shape == (7, 4096)
    assert (found < 0).any()
    assert np.abs(found - true).max() < 1e-5 * np.abs(true).max()


def test_features_depend_neither_on_the_batch_nor_on_the_workers(
    slide: Slide, drawn: Drawn, found: np.ndarray, random_net: Backbone
) -> None:
    largest = np.abs(found).max()
    for batch in (1, 3, 7):
        other = extract(slide, drawn.fields, random_net, batch=batch)
        assert np.abs(other - found).max() < 1e-5 * largest
    for workers in (1, 3):
        assert np.array_equal(extract(slide, drawn.fields, random_net, workers=workers), found)


def test_rows_stay_with_their_fields(
    slide: Slide, drawn: Drawn, found: np.ndarray, random_net: Backbone
) -> None:
    turned = replace(drawn.fields, starts=drawn.fields.starts[::-1])
    assert np.allclose(extract(slide, turned, random_net)[::-1], found, atol=1e-5 * np.abs(found).max())


def test_relu_is_given_on_request(slide: Slide, drawn: Drawn, found: np.ndarray) -> None:
    after = open_backbone("random-alexnet:0", relu=True)
    assert np.array_equal(extract(slide, drawn.fields, after), np.maximum(found, 0))


def test_fc7_follows_fc6(slide: Slide, drawn: Drawn, found: np.ndarray) -> None:
    other = open_backbone("random-alexnet:0", layer="fc7")
    assert other.names[0] == "fc7_0001"
    some = replace(drawn.fields, starts=drawn.fields.starts[:2])
    assert extract(slide, some, other).shape == (2, 4096)


def test_random_weights_follow_the_seed_alone(random_net: Backbone) -> None:
    patch = np.random.default_rng(0).integers(0, 256, (1, 227, 227, 3), np.uint8)
    first = random_net.compute(patch, None, 1.0)
    assert random_net.weights == "seed:0"
    assert not np.allclose(first, open_backbone("random-alexnet:1").compute(patch, None, 1.0), atol=0.1)
    # He's rule keeps the scale of values through the layers
    assert 0.05 < first.std() < 50


def test_morphometry_uses_the_same_door(slide: Slide, drawn: Drawn) -> None:
    measure = open_backbone("morphometry")
    values = extract(slide, drawn.fields, measure, stain=drawn.stain)
    assert measure.names == MORPHOMETRY
    assert set(MORPHOMETRY) < set(FEATURES)
    third = measure_field(read_fields(slide, drawn.fields)[2], drawn.stain, 400 / 227)
    assert values[2] == pytest.approx([third[name] for name in MORPHOMETRY], rel=1e-6)


def test_reading_goes_on_while_the_network_computes(
    slide: Slide, drawn: Drawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network holds the first batch until the second one has been read: that must not take for ever."""
    second_read = threading.Event()
    waited: list[bool] = []

    def reading(*_: object, **__: object):
        for index in range(7):
            if index == 1:
                second_read.set()
            yield index, np.zeros((227, 227, 3), np.uint8)

    def compute(patches: np.ndarray, *_: object) -> np.ndarray:
        waited.append(second_read.wait(20))
        return np.zeros((len(patches), 1), np.float32)

    monkeypatch.setattr("ssc_core.skin.features.iter_fields", reading)
    toy = Backbone("toy", "", False, "", "", ("a",), None, "cpu", False, compute)
    extract(slide, drawn.fields, toy, batch=1)
    assert waited == [True] * 7


def test_it_can_be_stopped(slide: Slide, drawn: Drawn, random_net: Backbone) -> None:
    def stop(done: float, total: float, what: str, /) -> None:
        if done >= 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        extract(slide, drawn.fields, random_net, stop, batch=3)


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("nonsense", {}, "no model called 'nonsense'"),
        ("random-alexnet", {}, "needs a seed"),
        ("random-alexnet:x", {}, "needs a seed"),
        ("random-alexnet:0", {"layer": "fc9"}, "choose fc6 or fc7"),
        ("random-alexnet:0", {"device": "tpu"}, "cpu or cuda"),
        ("convnext_tiny", {}, "no features are taken"),
        ("morphometry", {"relu": True}, "no layers"),
        ("timm:", {}, "no model called"),
    ],
)
def test_what_cannot_be_is_one_sentence(name: str, given: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        open_backbone(name, **given)


@pytest.mark.parametrize("name", ["alexnet", "alexnet-bvlc", "squeezenet"])
def test_missing_weights_name_the_way_out(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSC_MODELS", str(tmp_path))
    with pytest.raises(InputError, match=f"ssc models import {name} FILE.*licence"):
        open_backbone(name)


def test_patches_of_another_size_are_refused(slide: Slide, random_net: Backbone) -> None:
    fields = draw(slide, SkinParams(n_patches=1, patch_px=224)).fields
    with pytest.raises(InputError, match=r"takes patches of 227 px, not 224; give --patch-px 227"):
        extract(slide, fields, random_net)
    with pytest.raises(InputError, match="--batch"):
        extract(slide, fields, random_net, batch=0)
    with pytest.raises(InputError, match="needs the stain"):
        extract(slide, fields, open_backbone("morphometry"))


def test_all_three_readings_of_the_field_run(
    slide: Slide, drawn: Drawn, fine_path: Path, random_net: Backbone
) -> None:
    """0.16 mm2 per patch; 0.16 mm2 in all 100 patches; 227 pixels as they were scanned."""
    assert drawn.fields.plan.mpp == pytest.approx((400 / 227, 400 / 227))
    assert 227**2 * drawn.fields.plan.mpp[0] ** 2 / 1e6 == pytest.approx(0.16)
    fine = open_slide(fine_path, mpp=0.17)
    together = draw(fine, SkinParams(n_patches=2, patch_mpp=0.1762, min_piece_mm2=0.01)).fields
    assert 100 * 227**2 * together.plan.mpp[0] ** 2 / 1e6 == pytest.approx(0.16, rel=1e-3)
    native = draw(fine, SkinParams(n_patches=2, native=True, min_piece_mm2=0.01)).fields
    assert native.plan.mpp == (0.17, 0.17)
    for fields in (together, native):
        assert extract(fine, fields, random_net).shape == (2, 4096)


def test_native_fields_are_measured_and_drawn_where_they_are(slide: Slide, tmp_path: Path) -> None:
    """The slide's pixels are 1.762 um, so native fields are the usual ones."""
    params = SkinParams(n_patches=2)
    usual, native = analyse(slide, params), analyse(slide, params.model_copy(update={"native": True}))
    pd.testing.assert_frame_equal(usual.patches, native.patches, rtol=1e-4)
    for name, result in (("usual", usual), ("native", native)):
        (tmp_path / name).mkdir()
        save(result, tmp_path / name)
    pictures = [(tmp_path / name / "overview.png").read_bytes() for name in ("usual", "native")]
    assert pictures[0] == pictures[1]
