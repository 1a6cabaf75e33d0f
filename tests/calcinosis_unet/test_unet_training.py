from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from skimage.io import imsave

from ssc_core.calcinosis.unet.drawn import DrawnCase, open_drawn
from ssc_core.calcinosis.unet.params import UnetTrainParams
from ssc_core.calcinosis.unet.predict import open_segmenter
from ssc_core.calcinosis.unet.train import train
from ssc_core.cli import calcinosis_train as command
from ssc_core.cohort.manifest import read_manifest
from ssc_core.errors import Cancelled, EmptyError, FormatError, GeometryError, InputError
from ssc_core.training.card import weights_of_run
from ssc_core.training.state import write_state

TINY = {
    "width": 4, "depth": 2, "patch_px": 32, "grid_mm": 1.0, "epochs": 3, "batch_size": 4, "device": "cpu",
    "workers": 0, "learning_rate": 0.01,
}  # fmt: skip


def write_set(folder: Path, *, patients: int = 3, each: int = 2) -> Path:
    """Bright bars of four lengths as bones, in pictures."""
    rng = np.random.default_rng(0)
    rows = []
    for patient in range(patients):
        for i in range(each):
            labels = np.zeros((60, 120), np.uint8)
            for k, (start, stop) in enumerate([(8, 20), (24, 44), (48, 84), (88, 116)], 1):
                labels[24:36, start:stop] = k
            grey = 40 + 120 * (labels > 0) + 20 * labels + rng.normal(0, 5, labels.shape)
            name = f"{patient}{i}"
            imsave(folder / f"{name}.png", grey.astype(np.uint8), check_contrast=False)
            imsave(folder / f"{name}_labels.png", labels, check_contrast=False)
            rows.append(
                {
                    "case_id": f"image-{name}", "patient": f"patient-{patient}", "image": f"{name}.png",
                    "labels": f"{name}_labels.png", "pixel_spacing": 0.5, "window": 1500, "level": 450,
                    "drawn_by": "reader-a", "confirmed_by": "reader-b" if i else "",
                }
            )  # fmt: skip
    path = folder / "manifest.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_set(tmp_path_factory.mktemp("drawn"))


@pytest.fixture(scope="module")
def run(manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    command.train(manifest, out=folder, params=UnetTrainParams.make(**TINY))
    return folder


def test_a_run_holds_all_that_is_needed_to_judge_and_use_it(run: Path) -> None:
    for name in ("run.json", "split.csv", "dice.csv", "card.json", "fold-1/curve.csv", "fold-1/curve.png"):
        assert (run / name).is_file()
    card = json.loads((run / "card.json").read_text())
    assert card["training_data"] == (
        "6 images of 3 patients, drawn by 1 reader(s), 3 confirmed by a second one; each with 3 turned copies"
    )
    assert set(card["figures"]) == {"fold 1, test", "fold 1, validation"}
    record = (run / "run.json").read_text()
    assert "3 of 6 drawings were confirmed by nobody else" in record
    assert "patient-" not in record
    segmenter = open_segmenter(weights_of_run(run)[0])
    assert segmenter.contract.grid_mm == 1.0


def test_no_patient_is_on_two_sides(run: Path) -> None:
    rows = pd.read_csv(run / "split.csv")
    assert sorted(rows.patient) == ["patient-0", "patient-1", "patient-2"]
    assert sorted(rows.set) == ["fold 1", "fold 2", "test"]
    judged = pd.read_csv(run / "dice.csv")
    assert sorted(judged.set) == ["test", "test", "validation", "validation"]


def test_it_learns_what_is_drawn(manifest: Path, tmp_path: Path) -> None:
    cases = read_manifest(manifest, DrawnCase)
    more = {"epochs": 20, "patch_px": 64, "batch_size": 2, "validate_every": 10}
    table = train(cases, tmp_path / "run", UnetTrainParams.make(**{**TINY, **more}))
    assert (table[table.set == "test"].bone > 0.85).all()


def test_a_stopped_training_goes_on_with_the_same_bytes(manifest: Path, run: Path, tmp_path: Path) -> None:
    cases = read_manifest(manifest, DrawnCase)
    params = UnetTrainParams.make(**TINY)

    def stop(done: float, total: float, what: str, /) -> None:
        if what.startswith("epoch 3"):
            raise Cancelled

    with pytest.raises(Cancelled):
        train(cases, tmp_path / "run", params, tick=stop)
    assert not (tmp_path / "run" / "card.json").exists()
    train(cases, tmp_path / "run", params)
    for name in ("fold-1/best.safetensors", "fold-1/curve.csv", "dice.csv", "card.json", "run.json"):
        assert (tmp_path / "run" / name).read_bytes() == (run / name).read_bytes()


def test_only_confirmed_drawings_train_where_that_is_asked(manifest: Path) -> None:
    cases = [c.model_copy(update={"confirmed_by": "reader-a"}) for c in read_manifest(manifest, DrawnCase)]
    assert not any(c.confirmed for c in cases)  # who drew cannot confirm
    with pytest.raises(EmptyError, match="confirmed"):
        train(cases, "unused", UnetTrainParams.make(**TINY, confirmed_only=True))


def test_bad_drawings_are_named(manifest: Path, tmp_path: Path) -> None:
    case = read_manifest(manifest, DrawnCase)[0]

    def with_labels(labels: np.ndarray) -> DrawnCase:
        imsave(tmp_path / "l.png", labels, check_contrast=False)
        return case.model_copy(update={"labels": tmp_path / "l.png"})

    with pytest.raises(GeometryError, match="draw them on this image"):
        open_drawn(with_labels(np.ones((60, 119), np.uint8)))
    with pytest.raises(FormatError, match="value 7"):
        open_drawn(with_labels(np.full((60, 120), 7, np.uint8)))
    with pytest.raises(EmptyError, match="no phalanx is drawn"):
        open_drawn(with_labels(np.full((60, 120), 4, np.uint8)))
    with pytest.raises(FormatError, match="colour"):
        open_drawn(
            with_labels(
                np.dstack([np.eye(60, 120, dtype=np.uint8) * 255] * 2 + [np.zeros((60, 120), np.uint8)])
            )
        )
    second = np.full((60, 120), 12, np.uint8)
    assert open_drawn(with_labels(second)).labels.max() == 2


def test_other_weights_are_refused(tmp_path: Path) -> None:
    import torch

    with pytest.raises(InputError, match="no such file"):
        open_segmenter(tmp_path / "none.safetensors")
    write_state(tmp_path / "w.safetensors", {"a": torch.zeros(1)}, {"architecture": "lnet:small"})
    with pytest.raises(FormatError, match="ssc calcinosis train"):
        open_segmenter(tmp_path / "w.safetensors")
