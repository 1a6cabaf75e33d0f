from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from torch import nn

from ssc_core.errors import Cancelled, EmptyError, FormatError, InputError, OutputError
from ssc_core.plots.learning import learning_figure
from ssc_core.plots.style import save_figure
from ssc_core.training.card import read_card, weights_of_run, write_card
from ssc_core.training.fit import BEST, CURVE, LAST, fit
from ssc_core.training.folds import fold_folder, train_folds
from ssc_core.training.params import TrainParams
from ssc_core.training.sampling import balanced, shuffled
from ssc_core.training.splits import split_patients
from ssc_core.training.state import facts_of, read_state, write_state


class Lines:
    """y = 3 x0 - 2 x1 + 1 with jitter that only the item's own generator draws."""

    def __init__(self, n: int, seed: int, broken: int | None = None) -> None:
        rng = np.random.default_rng(seed)
        self.x = rng.normal(size=(n, 2)).astype(np.float32)
        self.y = (3 * self.x[:, :1] - 2 * self.x[:, 1:] + 1).astype(np.float32)
        if broken is not None:
            self.y[broken] = np.nan

    def __len__(self) -> int:
        return len(self.x)

    def item(self, index: int, rng: np.random.Generator | None) -> tuple[np.ndarray, ...]:
        x = self.x[index]
        if rng is not None:
            x = x + rng.normal(scale=0.01, size=2).astype(np.float32)
        return x, self.y[index]


class Line:
    architecture = "test:line"
    monitor = "mae"
    higher_is_better = False

    def network(self) -> Any:
        return nn.Sequential(
            nn.Linear(2, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 1)
        )

    def loss(self, network: Any, batch: tuple[Any, ...]) -> Any:
        return nn.functional.mse_loss(network(batch[0]).float(), batch[1])

    def judge(self, network: Any, batch: tuple[Any, ...]) -> dict[str, Any]:
        error = (network(batch[0]).float() - batch[1]).abs().mean(dim=1)
        return {"mae": error, "negative": -error}


TRAIN, VALID = Lines(24, 1), Lines(8, 2)
FAST = TrainParams(epochs=4, batch_size=5, learning_rate=0.02, device="cpu", workers=0)


def run(folder: Path, params: TrainParams = FAST, **more: Any) -> Any:
    return fit(Line(), TRAIN, VALID, folder, params, **more)


def stop_in(epoch: int) -> Any:
    def tick(done: float, total: float, what: str, /) -> None:
        if done > epoch - 1 + 0.5:
            raise Cancelled

    return tick


def files(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir())}


def test_it_learns_and_keeps_the_best_epoch(tmp_path: Path) -> None:
    done = run(tmp_path, FAST.model_copy(update={"epochs": 60}))
    assert done.best_value < 0.6 < done.curve.valid_mae.iloc[0]
    assert done.best_value == done.curve.valid_mae.min()
    assert done.best_epoch == done.curve.epoch[done.curve.best].item()
    network = Line().network()
    network.load_state_dict(read_state(done.weights)[0])
    x, y = torch.from_numpy(VALID.x), torch.from_numpy(VALID.y)
    with torch.no_grad():
        again = float((network.eval()(x) - y).abs().mean())
    assert again == pytest.approx(done.best_value, rel=1e-5)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"schedule": "cosine", "ema": 0.9, "clip_norm": 0.5},
        {"precision": "bfloat16", "validate_every": 2},
    ],
)
def test_a_stopped_run_goes_on_as_if_it_had_not_been(tmp_path: Path, more: dict[str, Any]) -> None:
    params = FAST.model_copy(update=more)
    run(tmp_path / "whole", params)
    with pytest.raises(Cancelled):
        run(tmp_path / "parts", params, tick=stop_in(3))
    half = facts_of(tmp_path / "parts" / LAST)
    assert len(half["rows"]) == 2
    run(tmp_path / "parts", params)
    assert files(tmp_path / "whole") == files(tmp_path / "parts")


def test_more_epochs_continue_a_finished_run(tmp_path: Path) -> None:
    run(tmp_path / "whole")
    run(tmp_path / "parts", FAST.model_copy(update={"epochs": 2}))
    run(tmp_path / "parts")
    assert files(tmp_path / "whole") == files(tmp_path / "parts")
    before = files(tmp_path / "parts")
    run(tmp_path / "parts")
    assert files(tmp_path / "parts") == before


def test_workers_do_not_change_the_result(tmp_path: Path) -> None:
    run(tmp_path / "none")
    run(tmp_path / "three", FAST.model_copy(update={"workers": 3}))
    assert files(tmp_path / "none") == files(tmp_path / "three")


def test_seed_and_data_do_change_it(tmp_path: Path) -> None:
    a = run(tmp_path / "a").curve
    b = run(tmp_path / "b", FAST.model_copy(update={"seed": 1})).curve
    assert (a.train_loss != b.train_loss).all()


def test_training_leaves_torch_generators_alone(tmp_path: Path) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    run(tmp_path)
    assert torch.equal(torch.rand(3), expected)


def test_other_settings_are_refused(tmp_path: Path) -> None:
    run(tmp_path, identity={"data": "sha256:1"})
    with pytest.raises(InputError, match=r"learning_rate: 0\.02, now 0\.1"):
        run(tmp_path, FAST.model_copy(update={"learning_rate": 0.1}), identity={"data": "sha256:1"})
    with pytest.raises(InputError, match="data: sha256:1, now sha256:2"):
        run(tmp_path, identity={"data": "sha256:2"})


def test_patience_stops_and_stays_stopped(tmp_path: Path) -> None:
    params = FAST.model_copy(update={"epochs": 50, "patience": 3, "learning_rate": 1e-9})

    class Worse(Line):
        calls = 0

        def judge(self, network: Any, batch: tuple[Any, ...]) -> dict[str, Any]:
            Worse.calls += 1
            return {"mae": torch.full((len(batch[0]),), float(Worse.calls))}

    done = fit(Worse(), TRAIN, VALID, tmp_path, params)
    assert (done.best_epoch, len(done.curve)) == (1, 4)
    assert len(fit(Worse(), TRAIN, VALID, tmp_path, params).curve) == 4


def test_a_higher_metric_can_be_better(tmp_path: Path) -> None:
    class Up(Line):
        monitor = "negative"
        higher_is_better = True

    done = fit(Up(), TRAIN, VALID, tmp_path, FAST)
    assert done.best_value == done.curve.valid_negative.max()


def test_a_loss_that_is_no_number_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no longer a number in epoch 1; lower --learning-rate"):
        fit(Line(), Lines(24, 1, broken=3), VALID, tmp_path, FAST)


def test_items_without_a_metric_are_left_out_and_none_at_all_is_told(tmp_path: Path) -> None:
    done = fit(Line(), TRAIN, Lines(8, 2, broken=0), tmp_path / "one", FAST)
    assert np.isfinite(done.best_value)
    with pytest.raises(InputError, match="gave no mae"):
        fit(Line(), TRAIN, Lines(1, 2, broken=0), tmp_path / "none", FAST)


def test_empty_sets_and_absent_devices_are_told(tmp_path: Path) -> None:
    with pytest.raises(EmptyError, match="the validation set is empty"):
        fit(Line(), TRAIN, Lines(0, 1), tmp_path, FAST)
    with pytest.raises(InputError, match="no device cuda:77"):
        run(tmp_path, FAST.model_copy(update={"device": "cuda:77"}))
    with pytest.raises(InputError, match="float16 needs a CUDA device"):
        run(tmp_path, FAST.model_copy(update={"precision": "float16"}))
    with pytest.raises(InputError, match="device"):
        TrainParams.make(device="toaster")


def test_a_damaged_checkpoint_is_told(tmp_path: Path) -> None:
    run(tmp_path)
    whole = (tmp_path / LAST).read_bytes()
    for length in (0, 7, 100, len(whole) - 3):
        (tmp_path / LAST).write_bytes(whole[:length])
        with pytest.raises(FormatError, match="damaged"):
            run(tmp_path)


def test_checkpoints_are_plain_arrays_and_a_full_disk_keeps_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path, FAST.model_copy(update={"epochs": 1}))
    before = files(tmp_path)
    assert set(before) == {BEST, LAST, CURVE}
    assert all(np.isfinite(a).all() for a in load_file(tmp_path / LAST).values())

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OutputError, match="no space left on device"):
        run(tmp_path)
    monkeypatch.undo()
    assert files(tmp_path) == before


def test_state_keeps_tensors_and_facts(tmp_path: Path) -> None:
    tensors = {"a": torch.arange(6.0).reshape(2, 3).T, "n": torch.tensor(7)}
    write_state(tmp_path / "x.safetensors", tensors, {"µ": [1, float("nan")]})
    back, facts = read_state(tmp_path / "x.safetensors")
    assert torch.equal(back["a"], tensors["a"])
    assert int(back["n"]) == 7
    assert np.array_equal(facts["µ"], [1, np.nan], equal_nan=True)


def test_the_running_mean_is_what_is_kept(tmp_path: Path) -> None:
    done = run(tmp_path, FAST.model_copy(update={"ema": 0.9, "epochs": 1}))
    kept, last = read_state(done.weights)[0], read_state(tmp_path / LAST)[0]
    assert torch.equal(kept["0.weight"], last["average.module.0.weight"])
    assert not torch.equal(kept["0.weight"], last["network.0.weight"])


def test_balanced_draws_each_label_equally_often() -> None:
    labels = [0] * 90 + [5] * 9 + [40]
    drawn = np.array(labels)[balanced(labels, 6000)(np.random.default_rng(3))]
    for label in (0, 5, 40):
        assert np.mean(drawn == label) == pytest.approx(1 / 3, abs=0.03)
    assert len(balanced(labels)(np.random.default_rng(0))) == 100
    with pytest.raises(EmptyError):
        balanced([])


def test_shuffled_sees_each_item_once() -> None:
    order = shuffled(50)(np.random.default_rng(0))
    assert sorted(order) == list(range(50))
    assert list(order) != list(range(50))


def test_a_balanced_sampler_reaches_the_trainer(tmp_path: Path) -> None:
    seen: list[int] = []

    class Watched(Lines):
        def item(self, index: int, rng: np.random.Generator | None) -> tuple[np.ndarray, ...]:
            if rng is not None:
                seen.append(index)
            return super().item(index, rng)

    fit(Line(), Watched(24, 1), VALID, tmp_path, FAST, draws=balanced([0] * 23 + [1], 40))
    assert len(seen) == 160
    assert np.mean(np.array(seen) == 23) == pytest.approx(0.5, abs=0.12)


SPLIT = split_patients([f"p{i}" for i in range(10)], test=2, folds=4, seed=1)


def run_folds(folder: Path, asked: list[Any], **more: Any) -> Any:
    def items_of(patients: Any, training: bool) -> Lines:
        asked.append((tuple(patients), training))
        return Lines(len(patients) + 1, 3)

    params = FAST.model_copy(update={"epochs": 2})
    return train_folds(Line(), items_of, SPLIT, folder, params, record="{}\n", **more)


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_folds_never_see_a_test_patient_and_resume(tmp_path: Path) -> None:
    asked: list[Any] = []
    shown: list[str] = []
    whole = run_folds(tmp_path / "whole", asked, show=lambda curve, folder: shown.append(folder.name))
    assert sorted(whole) == [1, 2, 3, 4]
    assert not {p for patients, _ in asked for p in patients} & set(SPLIT.test)
    assert shown == [f"fold-{n}" for n in (1, 1, 2, 2, 3, 3, 4, 4)]

    def stop(done: float, total: float, what: str, /) -> None:
        if done / total > 0.6:
            raise Cancelled

    with pytest.raises(Cancelled):
        run_folds(tmp_path / "parts", [], tick=stop)
    assert not fold_folder(tmp_path / "parts", 4).exists()
    run_folds(tmp_path / "parts", [])
    assert tree(tmp_path / "whole") == tree(tmp_path / "parts")
    lines = (tmp_path / "whole" / "split.csv").read_text().splitlines()
    assert lines[0] == "patient,set"
    assert len(lines) == 11


def test_folds_refuse_foreign_folders_and_absent_folds(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="choose from 1 to 4"):
        run_folds(tmp_path / "new", [], folds=[5])
    (tmp_path / "thesis.docx").write_text("")
    with pytest.raises(OutputError, match="not an earlier result"):
        run_folds(tmp_path, [])


def test_a_killed_process_is_taken_up(tmp_path: Path) -> None:
    run(tmp_path / "whole")
    code = f"""
import importlib.util, os, signal
spec = importlib.util.spec_from_file_location("line", {__file__!r})
line = importlib.util.module_from_spec(spec)
spec.loader.exec_module(line)

def tick(done, total, what):
    if done > 2.5:
        os.kill(os.getpid(), signal.SIGKILL)

import pathlib
line.run(pathlib.Path({str(tmp_path / "killed")!r}), tick=tick)
"""
    died = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert len(facts_of(tmp_path / "killed" / LAST)["rows"]) == 2
    run(tmp_path / "killed")
    assert files(tmp_path / "whole") == files(tmp_path / "killed")


def test_the_curve_is_drawn(tmp_path: Path) -> None:
    done = run(tmp_path, FAST.model_copy(update={"epochs": 6, "validate_every": 2}))
    path = tmp_path / "curve.png"
    save_figure(learning_figure(done.curve, "mae", "mm"), path)
    first = path.read_bytes()
    save_figure(learning_figure(done.curve, "mae", "mm"), path)
    assert path.read_bytes() == first
    assert list(done.curve.valid_mae.notna()) == [False, True] * 3


def test_the_card_names_its_weights(tmp_path: Path) -> None:
    fits = run_folds(tmp_path, [])
    with pytest.raises(InputError, match=r"no card\.json"):
        weights_of_run(tmp_path)
    content = {
        "task": "lines", "architecture": "test:line", "input": {}, "outputs": "y", "training_data": "made up",
        "figures": {"fold-1": {"mae": 1.0}}, "limits": "none", "seed": 0,
    }  # fmt: skip
    card = write_card(tmp_path, {f"fold-{n}": f.weights for n, f in fits.items()}, **content)
    assert read_card(tmp_path) == card
    assert weights_of_run(tmp_path) == [fits[n].weights for n in sorted(fits)]
    assert weights_of_run(fits[2].weights) == [fits[2].weights]
    fits[3].weights.write_bytes(fits[3].weights.read_bytes() + b" ")
    with pytest.raises(FormatError, match="not those that the run's card names"):
        weights_of_run(tmp_path)
