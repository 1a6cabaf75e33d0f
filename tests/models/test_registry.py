"""Weights are imported, fetched and checked; nothing that could run code is loaded."""

from __future__ import annotations

import hashlib
import http.server
import pickle
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from ssc_core.errors import FormatError, InputError
from ssc_core.models import card as cards_module
from ssc_core.models import registry
from ssc_core.models.card import Card, card, cards
from ssc_core.models.files import read_arrays
from ssc_core.models.nets import build, shapes
from ssc_core.models.torchvision_cpu import torchvision

CONTRACT = {"size_px": (8, 8), "channels": "RGB", "scale": 1.0, "mean": (0.0,), "std": (1.0,)}


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SSC_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def squeeze_file(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    path = tmp_path / "weights.pth"
    torch.save(build("torchvision:squeezenet1_0").state_dict(), path)
    return path


def _with_card(monkeypatch: pytest.MonkeyPatch, **more: object) -> None:
    toy = Card.model_validate(
        {
            "name": "toy",
            "task": "t",
            "architecture": "torchvision:squeezenet1_0",
            "input": CONTRACT,
            "outputs": "o",
            "training_data": "d",
            "licence": "CC0",
            **more,
        }
    )
    monkeypatch.setattr(cards_module, "cards", lambda: {"toy": toy})


def test_torchvision_loads_once_and_works() -> None:
    assert torchvision() is torchvision()
    assert torchvision().models.AlexNet_Weights.IMAGENET1K_V1.url == card("alexnet").url
    assert torchvision().models.ConvNeXt_Tiny_Weights.IMAGENET1K_V1.url == card("convnext_tiny").url


@pytest.mark.parametrize("name", list(cards()))
def test_every_card_names_a_network_that_can_be_built(name: str) -> None:
    assert len(shapes(card(name).architecture)) > 10
    assert card(name).licence


def test_missing_weights_name_the_way_out(shelf: Path) -> None:
    with pytest.raises(InputError) as caught:
        registry.weights_of("alexnet")
    for part in (
        "ssc models fetch alexnet",
        "ssc models import alexnet FILE",
        "licence",
        "alexnet-owt-7be5be79",
    ):
        assert part in str(caught.value)
    with pytest.raises(InputError, match="no model called 'resnet'"):
        registry.weights_of("resnet")


def test_imported_network_gives_the_same_output(
    shelf: Path, squeeze_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _with_card(monkeypatch)
    weights = registry.import_file("toy", squeeze_file)
    before = build("torchvision:squeezenet1_0")
    before.load_state_dict(torch.load(squeeze_file, weights_only=True))
    x = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(registry.load("toy")(x), before(x))
    assert weights.source_sha256 == "sha256:" + hashlib.sha256(squeeze_file.read_bytes()).hexdigest()


def test_changed_weights_are_refused(
    shelf: Path, squeeze_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _with_card(monkeypatch)
    path = registry.import_file("toy", squeeze_file).path
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(FormatError, match="changed since"):
        registry.load("toy")


def test_another_file_than_the_cards_needs_force(
    shelf: Path, squeeze_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _with_card(monkeypatch, sha256="00000000")
    with pytest.raises(InputError, match="not the file that the card"):
        registry.import_file("toy", squeeze_file)
    assert registry.import_file("toy", squeeze_file, force=True).path.is_file()


class _Trap:
    def __reduce__(self) -> tuple[object, ...]:
        return (print, ("a pickle ran",))


def test_pickles_are_never_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.pth").write_bytes(pickle.dumps({"w": _Trap()}))
    np.savez(tmp_path / "b.npz", w=np.array([_Trap()], dtype=object), allow_pickle=True)
    capsys.readouterr()
    for name in ("a.pth", "b.npz"):
        with pytest.raises(FormatError):
            read_arrays(tmp_path / name)
    assert "a pickle ran" not in capsys.readouterr().out


@pytest.mark.parametrize("suffix", [".pth", ".npz", ".safetensors"])
@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04broken", bytes(200)])
def test_damaged_files_are_one_sentence(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"w{suffix}"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"w\.\w+: the file"):
        read_arrays(path)


def test_weights_of_another_network_are_refused(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _with_card(monkeypatch)
    np.savez(tmp_path / "w.npz", **{"features.0.weight": np.zeros((2, 2), np.float32)})
    with pytest.raises(FormatError, match="do not fit"):
        registry.import_file("toy", tmp_path / "w.npz")
    broken = {n: np.full(s, np.nan, np.float32) for n, s in shapes("torchvision:squeezenet1_0").items()}
    np.savez(tmp_path / "n.npz", **broken)
    with pytest.raises(FormatError, match="NaN"):
        registry.import_file("toy", tmp_path / "n.npz")


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    def handler(*a: object, **k: object) -> _Quiet:
        return _Quiet(*a, directory=str(tmp_path), **k)  # type: ignore[arg-type]

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join()


def test_download_is_checked_and_tells_progress(
    shelf: Path, squeeze_file: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = hashlib.sha256(squeeze_file.read_bytes()).hexdigest()
    _with_card(monkeypatch, url=f"{server}/weights.pth", sha256=digest[:8])
    seen: list[float] = []
    weights = registry.fetch("toy", lambda done, total, what: seen.append(done / total))
    assert weights.source_sha256 == f"sha256:{digest}"
    assert len(seen) > 3
    assert seen[-1] == 1

    _with_card(monkeypatch, url=f"{server}/weights.pth", sha256="12345678")
    with pytest.raises(InputError, match="sha256 begins with"):
        registry.fetch("toy")
    _with_card(monkeypatch, url=f"{server}/absent.pth")
    with pytest.raises(InputError, match="download of toy failed"):
        registry.fetch("toy")


def test_real_pretrained_squeezenet_is_taken_over(shelf: Path, real_data: Path) -> None:
    registry.import_file("squeezenet", real_data / "weights" / "squeezenet_v1_0_decoded_fp32.npz")
    network = registry.load("squeezenet")
    with torch.no_grad():
        assert network.features(torch.zeros(1, 3, 227, 227)).shape == (1, 512, 13, 13)
