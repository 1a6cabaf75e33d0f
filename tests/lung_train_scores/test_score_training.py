from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ssc_core.cli.train_scores import _line
from ssc_core.cli.train_scores import train_scores as command
from ssc_core.errors import Cancelled, InputError
from ssc_core.lung.snet.ablation import ARMS, run_ablation
from ssc_core.lung.snet.evaluate import summary
from ssc_core.lung.snet.items_known import ScoreCase
from ssc_core.lung.snet.params import ScoreTrainParams
from ssc_core.lung.snet.predict import load_scorer
from ssc_core.lung.snet.train import train_scores
from ssc_core.training.card import read_card

Quick = Callable[..., ScoreTrainParams]


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def run(cases: list[ScoreCase], settings: ScoreTrainParams, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "run"
    train_scores(cases, folder, settings)
    return folder


def test_a_run_holds_networks_figures_predictions_and_a_card(run: Path, cases: list[ScoreCase]) -> None:
    names = set(tree(run))
    wanted = {"run.json", "split.csv", "labels.png", "predictions.csv", "summary.csv", "card.json"}
    assert (
        wanted | {f"fold-{i}/{n}" for i in (1, 2) for n in ("best.safetensors", "curve.csv", "curve.png")}
        <= names
    )
    assert not any(n.startswith("slices") for n in names)
    rows = pd.read_csv(run / "predictions.csv")
    assert len(rows) == len(cases)
    sets = rows.groupby("patient")["set"].nunique()
    assert (sets == 1).all()
    split = pd.read_csv(run / "split.csv")
    assert set(rows.loc[rows["set"] == "test", "patient"]) == set(
        split.loc[split["set"] == "test", "patient"]
    )
    card = read_card(run)
    assert card.architecture == "snet-squeezenet1_1"
    assert card.input["matrix"] == 64
    assert card.input["spacing_mm"] == [4.0, 4.0]
    assert "data synthesis" in card.training_data


def test_the_run_scores_a_slice_as_its_own_predictions_say(run: Path, cases: list[ScoreCase]) -> None:
    from ssc_core.io.volume import open_volume

    rows = pd.read_csv(run / "predictions.csv").set_index("case_id")
    test = rows[rows["set"] == "test"].index[0]
    case = next(c for c in cases if c.case_id == test)
    assert case.mask is not None
    hu = np.asarray(open_volume(case.ct, allow_single=True).hu, np.float32)
    lung = np.asarray(open_volume(case.mask, allow_single=True).hu) > 0
    found = load_scorer(run, "cpu").score(hu, lung, (4.0, 4.0))[0]
    assert found == pytest.approx(rows.loc[test, ["tot", "gg", "ret"]].to_numpy(float), abs=1e-4)


def test_no_path_of_the_study_is_written(run: Path, study: Path) -> None:
    for name, content in tree(run).items():
        assert str(study.parent).encode() not in content, name


def test_a_stopped_training_ends_with_the_same_files(
    tmp_path: Path, run: Path, cases: list[ScoreCase], quick: Quick
) -> None:
    def stop(done: float, total: float, what: str, /) -> None:
        if done / total > 0.7:
            raise Cancelled

    with pytest.raises(Cancelled):
        train_scores(cases, tmp_path / "run", quick(), tick=stop)
    assert (tmp_path / "run" / "slices").is_dir()
    train_scores(cases, tmp_path / "run", quick())
    assert tree(tmp_path / "run") == tree(run)


def test_other_settings_are_not_mixed_into_a_run(run: Path, cases: list[ScoreCase], quick: Quick) -> None:
    with pytest.raises(InputError, match="synthesis"):
        train_scores(cases, run, quick(synthesis=False))


def test_all_eight_arms_run_and_those_without_weights_say_why(
    tmp_path: Path, cases: list[ScoreCase], quick: Quick, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSC_MODELS", str(tmp_path / "empty"))
    seen: list[str] = []
    table = run_ablation(
        cases, tmp_path / "grid", quick(epochs=1, only_fold=1), live=lambda curve, where: seen.append(where)
    )
    assert [a.name for a in ARMS] == list(dict.fromkeys(table["arm"]))
    assert len(ARMS) == 8
    without = table[~table["PT"]]
    assert len(without) == 4 * 3
    assert without[["mae", "sd", "icc", "mae_constant"]].notna().all().all()
    skipped = table[table["PT"]]
    assert len(skipped) == 4
    assert skipped["note"].str.contains("not on this machine").all()
    assert skipped["note"].str.contains("--no-pretrained").all()
    assert seen == [f"{n}, fold 1" for n in ("plain", "BS", "DS", "DS+BS")]
    splits = {(tmp_path / "grid" / a / "split.csv").read_text() for a in ("plain", "BS", "DS", "DS+BS")}
    assert len(splits) == 1


def test_the_command_prints_the_table(
    tmp_path: Path, study: Path, quick: Quick, capsys: pytest.CaptureFixture[str]
) -> None:
    command(study, out=tmp_path / "run", params=quick(epochs=1, only_fold=2, synthesis=False, balanced=False))
    shown = capsys.readouterr().out
    assert "mae_constant" in shown
    assert "fold 2: best epoch 1" in shown
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["parameters"]["batch_size"] == 4


def test_unknown_backbones_and_missing_weights_are_refused_at_once(
    tmp_path: Path, cases: list[ScoreCase], quick: Quick, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSC_MODELS", str(tmp_path))
    for more, what in (({"backbone": "alexnet"}, "no backbone"), ({"pretrained": True}, "--no-pretrained")):
        with pytest.raises(InputError, match=what):
            train_scores(cases, tmp_path / "run", quick(**more))
    assert not (tmp_path / "run").exists()


def test_the_summary_equals_numbers_by_hand() -> None:
    true = [0.0, 0.0, 10.0, 40.0]
    rows: dict[str, Any] = {"set": ["test"] * 4, "patient": ["a", "a", "b", "c"]}
    for p in ("tot", "gg", "ret"):
        rows |= {f"true_{p}": true, p: [1.0, 2.0, 16.0, 39.0], f"{p}5": [0.0, 0.0, 15.0, 40.0]}
    found = summary(pd.DataFrame(rows), [5.0, 0.0, 0.0]).set_index("pattern")
    assert found.loc["tot", "mae"] == pytest.approx(2.5)
    assert found.loc["tot", "bias"] == pytest.approx(2.0)
    assert found.loc["tot", "prevalence"] == 50
    assert found.loc["tot", "mae_constant"] == pytest.approx((5 + 5 + 5 + 35) / 4)
    assert found.loc["gg", "mae_constant"] == pytest.approx(12.5)
    assert found.loc["tot", "patients"] == 3
    # weighted disagreement 5/100 on one of four; expected by the marginals
    a, b = np.array(true), np.array([0, 0, 15, 40.0])
    assert found.loc["tot", "kappa"] == pytest.approx(
        1 - np.abs(a - b).mean() / np.abs(a[:, None] - b).mean()
    )


def test_the_live_line_shows_the_error_so_far() -> None:
    curve = pd.DataFrame(
        {"epoch": [1, 2, 3, 4], "train_loss": [9.0, 8, 7, 6], "valid_mae": [8.0, np.nan, 6.0, 7.0]}
    )
    line = _line(curve, "fold 1")
    assert line.startswith("fold 1 epoch 4: loss 6, validation error 7.00 %, best 6.00 %")
    assert line.endswith("█▁▅")
