from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from ssc_core.agree.kinds import kind_named
from ssc_core.agree.reading import read_readings
from ssc_core.cli.train_levels import levels_by_network
from ssc_core.cli.train_levels import train_levels as command
from ssc_core.cohort import read_manifest
from ssc_core.errors import Cancelled, FormatError, InputError, OutputError
from ssc_core.geometry import Frame
from ssc_core.io.volume import open_volume, volume_from_array
from ssc_core.lung.lnet.case import LevelCase, read_levels
from ssc_core.lung.lnet.contract import Contract
from ssc_core.lung.lnet.evaluate import summary
from ssc_core.lung.lnet.params import LevelNetParams, LevelTrainParams
from ssc_core.lung.lnet.predict import predict_levels
from ssc_core.lung.lnet.train import train_levels
from ssc_core.lung.lnet.weights import LevelNets
from ssc_core.models.lnet import Plan
from ssc_core.training.card import read_card

Study = Callable[[int], Path]
QUICK = LevelTrainParams(
    network="small",
    test=1,
    folds=2,
    epochs=3,
    batch_size=2,
    learning_rate=0.01,
    device="cpu",
    workers=0,
    step=2,
)


def cases_of(manifest: Path) -> list[LevelCase]:
    return read_manifest(manifest, LevelCase)


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_it_learns_levels_of_unseen_cts(tmp_path: Path, tiny: Plan, study: Study) -> None:
    more = {
        "epochs": 40,
        "only_fold": 1,
        "ema": 0.9,
        "schedule": "cosine",
        "validate_every": 10,
        "clip_norm": 5.0,
    }
    done = train_levels(cases_of(study(14)), tmp_path / "run", QUICK.model_copy(update=more))
    rows = pd.read_csv(tmp_path / "run" / "predictions.csv")
    assert set(rows["set"]) == {"validation", "test"}
    heights = rows.pivot_table(index="case_id", columns="level", values="true_z_mm", sort=False)
    constant = float((heights - heights.mean()).abs().mean().mean())
    assert rows["error_mm"].abs().mean() < 0.35 * constant
    assert rows["error_mm"].abs().mean() < 12
    assert done.table.set_index(["set", "level"])["n"].unique().tolist() == [2, 6]


def test_a_stopped_training_ends_with_the_same_files(tmp_path: Path, tiny: Plan, study: Study) -> None:
    cases = cases_of(study(6))
    train_levels(cases, tmp_path / "whole", QUICK)

    def stop(done: float, total: float, what: str, /) -> None:
        if done / total > 0.7:
            raise Cancelled

    with pytest.raises(Cancelled):
        train_levels(cases, tmp_path / "parts", QUICK, tick=stop)
    assert (tmp_path / "parts" / "grid").is_dir()
    train_levels(cases, tmp_path / "parts", QUICK)
    assert tree(tmp_path / "whole") == tree(tmp_path / "parts")
    assert {p.split("/")[0] for p in tree(tmp_path / "whole")} == {
        "card.json", "fold-1", "fold-2", "levels.csv", "levels.parquet", "levels.units.json", "network.csv",
        "predictions.csv", "predictions.parquet", "predictions.units.json", "reference.csv",
        "run.json", "split.csv",
    }  # fmt: skip
    with pytest.raises(InputError, match="noise_hu: 0"):
        train_levels(cases, tmp_path / "whole", QUICK.model_copy(update={"noise_hu": 5.0}))


def test_test_patients_are_fixed_and_card_and_levels_agree(
    tmp_path: Path, tiny: Plan, study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = study(6)
    command(manifest, out=tmp_path / "run", params=QUICK)
    assert "fold 2: best epoch" in capsys.readouterr().out
    split = pd.read_csv(tmp_path / "run" / "split.csv").set_index("patient")["set"]
    assert split["case1"] == "test"
    assert (split == "test").sum() == 2
    rows = pd.read_csv(tmp_path / "run" / "predictions.csv")
    assert set(rows[rows["set"] == "test"]["case_id"]) == set(split.index[split == "test"])
    for content in tree(tmp_path / "run").values():
        assert b"Muster" not in content
        assert str(tmp_path).encode() not in content
    card = read_card(tmp_path / "run")
    assert card.input["grid"] == [32, 16, 16]
    assert "30 read" in card.training_data
    files = [tmp_path / "run" / f"{name}.csv" for name in ("reference", "network")]
    (known,), (said,) = (read_readings(f, kind_named("position"), f.stem) for f in files)
    assert (known.table["patient"].nunique(), len(known.table), len(said.table)) == (2, 10, 10)
    apart = said.table["z_mm"] - known.table["z_mm"]
    assert np.allclose(apart, rows[rows["set"] == "test"]["error_mm"], atol=1e-4)
    # the command for a CT and the figures of the run come from the same votes
    case = next(c for c in cases_of(manifest) if c.case_id == "case1")
    step = LevelNetParams(step=2, device="cpu")
    levels_by_network(case, tmp_path / "run", tmp_path / "levels.csv", params=step)
    printed = capsys.readouterr().out
    table = pd.read_csv(tmp_path / "levels.csv")
    assert "Muster" not in (tmp_path / "levels-run.json").read_text()
    assert '"ct": "sha256:' in (tmp_path / "levels-run.json").read_text()
    with pytest.raises(OutputError, match="exists already"):
        levels_by_network(case, tmp_path / "run", tmp_path / "levels.csv", params=step)
    assert set(table["note"]) == {"error unknown: too few validation patients"}  # four of them
    assert "no band is stated" in printed
    mine = rows[rows["case_id"] == "case1"].set_index("level")["z_mm"]
    assert np.allclose(table.set_index("level")["z_mm"], mine, atol=1e-3)
    assert ("do not follow" in printed) == (np.diff(mine) >= 0).any()
    one = tmp_path / "run" / "fold-1" / "best.safetensors"
    assert len(predict_levels(open_volume(case.ct), one, LevelNetParams(step=2, device="cpu")).votes_mm) == 3


def test_the_levels_of_a_batch_are_the_training_manifest(
    tmp_path: Path, tiny: Plan, study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = cases_of(study(6))
    rows, lines = [], ["case_id,ct,series_rule,resample_gaps,patient"]
    for i, case in enumerate(cases):
        rows.append(pd.read_csv(case.table).assign(case_id=f"00{i}"))
        lines.append(f"00{i},{case.ct},thinnest axial,yes,p{i}")
    pd.concat(rows).to_csv(tmp_path / "levels.csv", index=False)
    manifest = tmp_path / "manifest.csv"  # as it was given to 'ssc lung levels'
    manifest.write_text("\n".join(lines) + "\n")
    (first, *_) = cases_of(manifest)
    assert (first.series_rule, first.resample_gaps) == ("thinnest axial", True)
    with pytest.raises(InputError, match=r"case 000 has no level table; fill .* or give --levels"):
        command(manifest, out=tmp_path / "none", params=QUICK)
    one = QUICK.model_copy(update={"epochs": 1})
    command(manifest, out=tmp_path / "run", levels=tmp_path / "levels.csv", params=one)
    found = pd.read_csv(tmp_path / "run" / "predictions.csv", dtype={"case_id": str})
    truth = {f"00{i}": read_levels(case.table).z_mm for i, case in enumerate(cases)}
    assert set(found["case_id"]) == set(truth)
    for row in found.itertuples():
        assert row.true_z_mm == pytest.approx(truth[row.case_id][row.level - 1], abs=1e-3)
    with pytest.raises(InputError, match="has no rows of case 7"):
        read_levels(tmp_path / "levels.csv", "7")


def test_problems_of_all_cases_are_told_at_once(tmp_path: Path, tiny: Plan, study: Study) -> None:
    manifest = study(6)
    cases = cases_of(manifest)
    (tmp_path / "far.csv").write_text("level,z_mm\n1,5000\n")
    cases[2] = cases[2].model_copy(update={"levels": tmp_path / "far.csv"})
    cases[4] = cases[4].model_copy(update={"levels": tmp_path / "far.csv"})
    with pytest.raises(
        InputError, match=r"case2: a level lies outside the CT.*\n.*case4: a level lies outside"
    ):
        train_levels(cases, tmp_path / "run", QUICK)
    with pytest.raises(InputError, match="cannot give a test set of 51 and 2 folds"):
        train_levels(cases_of(manifest), tmp_path / "other", QUICK.model_copy(update={"test": 50}))


class Says(torch.nn.Module):
    """Puts each level at a fixed slice of the grid, as seen from where the crop starts in a ramp image."""

    def __init__(self, numbers: list[float], jitter: float = 0.0) -> None:
        super().__init__()
        self.numbers, self.jitter, self.calls = torch.tensor(numbers), jitter, 0

    def forward(self, x: Any) -> Any:
        start = self.calls
        self.calls += 1
        return (self.numbers - start + self.jitter * (start - 2))[None]


def nets(numbers: list[float], jitter: float = 0.0, **more: Any) -> LevelNets:
    contract = Contract(grid=(20, 8, 8), crop=16, reach_mm=(90.0, 110.0))
    made = LevelNets(
        (Says(numbers, jitter),), contract, "lnet:test", {}, (1.0, 2, 3, 4, 5), torch.device("cpu")
    )
    return replace(made, **more)


IMAGE = volume_from_array(
    np.random.default_rng(0).integers(-900, 300, (40, 20, 20)).astype(np.int16),
    Frame((2.5, 9, 9), (-50.0, 0, 0)),
)
ONE = LevelNetParams(step=1, device="cpu")


def test_votes_become_millimetres_and_slices() -> None:
    found = predict_levels(IMAGE, nets([17, 14, 11, 8, 4.25], jitter=0.4), ONE)
    assert found.votes_mm.shape == (5, 5)
    # slice g of 20 covers slices 2g and 2g + 1 of 40: its centre is 2g + 0.5
    expected = [-50 + 2.5 * (2 * g + 0.5) for g in (17, 14, 11, 8, 4.25)]
    assert [level.z_mm for level in found.levels] == pytest.approx(expected)
    assert [level.slice for level in found.levels] == [34, 28, 22, 16, 9]
    assert found.spread_mm == pytest.approx([0.4 * 5.0] * 5)  # quartiles of -0.8 ... 0.8 lie 0.8 apart
    assert [level.uncertainty_mm for level in found.levels] == [1, 2, 3, 4, 5]
    assert found.flags == ()
    assert all(level.method == "predicted by the L-Net" for level in found.levels)


def test_what_cannot_be_trusted_is_told() -> None:
    outside = predict_levels(IMAGE, nets([25, 14, 11, 8, 4]), ONE)
    assert outside.levels[0].missing
    assert outside.levels[0].note == "the L-Net puts it outside the scan"
    assert np.isnan(outside.table()["z_mm"][0])
    mixed = predict_levels(IMAGE, nets([14, 17, 11, 8, 4]), ONE)
    assert any("do not follow one another" in f for f in mixed.flags)
    unknown = predict_levels(IMAGE, nets([17, 14, 11, 8, 4], error_mm=()), ONE)
    assert np.isnan(unknown.levels[2].uncertainty_mm)
    assert any("error of these weights" in f for f in unknown.flags)
    far = Contract(grid=(20, 8, 8), crop=16, reach_mm=(250.0, 400.0))
    assert any(
        "100 mm high" in f for f in predict_levels(IMAGE, nets([17, 14, 11, 8, 4], contract=far), ONE).flags
    )


def test_the_summary_is_that_of_the_definitions() -> None:
    rows = pd.DataFrame(
        {
            "set": "test", "level": 1, "true_slice": [0.0, 5, 10, 15], "slice": [0.5, 4, 11.5, np.nan],
            "error_mm": [1.0, -2, 3, np.nan], "error_slices": [0.5, -1, 1.5, np.nan],
        }
    )  # fmt: skip
    row = summary(rows).iloc[0]
    assert (row.n, row.mae_mm, row.mae_slices) == (3, 2.0, 1.0)
    assert row.sd_mm == pytest.approx(1.0)
    assert row.bias_mm == pytest.approx(2 / 3)
    assert 0.9 < row.icc < 1


def test_an_unfinished_or_changed_run_gives_no_levels(tmp_path: Path, tiny: Plan, study: Study) -> None:
    with pytest.raises(InputError, match=r"no card\.json"):
        (tmp_path / "run").mkdir()
        predict_levels(IMAGE, tmp_path / "run", ONE)
    train_levels(cases_of(study(6)), tmp_path / "done", QUICK.model_copy(update={"epochs": 1}))
    card = tmp_path / "done" / "card.json"
    text = json.loads(card.read_text())
    text["weights"]["fold-1/best.safetensors"] = "sha256:0"
    card.write_text(json.dumps(text))
    with pytest.raises(FormatError, match="not those that the run's card names"):
        predict_levels(IMAGE, tmp_path / "done", ONE)
