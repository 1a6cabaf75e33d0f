"""The change between two CTs of a patient, and what of it exceeds the error of measurement."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ssc_core.cli.lung import app
from ssc_core.errors import InputError
from ssc_core.io.volume import volume_from_array
from ssc_core.lung.goh.cascade import score_ct
from ssc_core.lung.goh.change import change_of, detectable, read_scored
from ssc_core.lung.goh.results import GohResult
from ssc_core.lung.goh.save import save
from ssc_core.phantoms.chest import ChestPhantom

PATTERNS = ["tot", "gg", "ret"]


def repeats(sd: float, patients: int = 40, scans: int = 2) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    rows = []
    for k in range(patients):
        truth = rng.uniform(0, 50, 5)
        for s in range(scans):
            for level in range(5):
                value = truth[level] + rng.normal(0, sd)
                rows.append({"case_id": f"c{k}-{s}", "patient": f"p{k}", "level": level + 1,
                             **dict.fromkeys(PATTERNS, value), "scorer": "density@abababab"})  # fmt: skip
    return pd.DataFrame(rows)


def test_the_detectable_change_follows_the_noise() -> None:
    """1.96 sqrt(2) times the standard deviation; that of a mean of five is sqrt(5) smaller."""
    found = detectable(repeats(2.0, patients=200))
    want = 1.96 * math.sqrt(2) * 2.0
    assert found["level_tot"][0] == pytest.approx(want, rel=0.08)
    assert found["mean_tot"][0] == pytest.approx(want / math.sqrt(5), rel=0.12)
    assert "200 patients with 2 scans each" in found["mean_tot"][1]


def test_too_few_repeats_leave_it_unknown() -> None:
    found = detectable(repeats(2.0, patients=1))
    assert math.isnan(found["mean_tot"][0])
    single = detectable(repeats(2.0, patients=5, scans=1))
    assert math.isnan(single["level_gg"][0])
    with pytest.raises(InputError, match="no column patient"):
        detectable(repeats(2.0).drop(columns="patient"))


@pytest.fixture(scope="session")
def folders(
    result: GohResult, phantom: ChestPhantom, density_scorer: Any, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """The phantom, and the phantom with 60 HU more in the lung."""
    root = tmp_path_factory.mktemp("visits")
    lung = (result.lung.mask == 1) | (result.lung.mask == 2)
    hu = np.where(lung, phantom.hu + 60, phantom.hu)
    later = score_ct(
        volume_from_array(hu, phantom.frame, header={"kernel": "B70f"}), density_scorer(),
        mask=result.lung.mask,
    )  # fmt: skip
    for name, each in (("first", result), ("second", later)):
        (root / name).mkdir()
        save(each, root / name)
    return root / "first", root / "second"


def test_a_change_without_repeats_is_unknown(folders: tuple[Path, Path]) -> None:
    table, flags = change_of(*map(read_scored, folders))
    rows = table.set_index("measure")
    assert (rows["change"] == rows["second"] - rows["first"]).all()
    assert rows.loc["mean_tot", "change"] > 0
    assert set(rows["beyond"]) == {"unknown"}
    assert any("repeatability unknown" in f for f in flags)


def test_a_change_beyond_the_noise_is_told_from_one_within(folders: tuple[Path, Path]) -> None:
    size = read_scored(folders[1]).patient["mean_tot"] - read_scored(folders[0]).patient["mean_tot"]
    quiet, loud = (repeats(size * f) for f in (0.1, 10.0))
    for table, beyond in ((quiet, "yes"), (loud, "no")):
        rows = change_of(*map(read_scored, folders), table)[0].set_index("measure")
        assert rows.loc["mean_tot", "beyond"] == beyond
        assert rows.loc["volume_tot", "beyond"] == "unknown"  # nobody repeated a volume


def test_scores_of_different_scorers_are_not_compared(folders: tuple[Path, Path]) -> None:
    first, second = map(read_scored, folders)
    second.scores["scorer"] = "another@1"
    with pytest.raises(InputError, match="score both with one"):
        change_of(first, second)
    with pytest.raises(InputError, match="repeated CTs were not scored by"):
        change_of(first, read_scored(folders[1]), repeats(1.0).assign(scorer="x"))
    with pytest.raises(InputError, match="no result of 'ssc lung score'"):
        read_scored(folders[0].parent)


def test_the_command_writes_the_change(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repeats(0.5).to_csv(tmp_path / "repeats.csv", index=False)
    app(
        [
            "change",
            *map(str, folders),
            "-o",
            str(tmp_path / "out"),
            "--repeats",
            str(tmp_path / "repeats.csv"),
        ]
    )
    assert "mean_tot" in capsys.readouterr().out
    table = pd.read_csv(tmp_path / "out" / "change.csv")
    assert len(table) == 6 + 15
    assert (tmp_path / "out" / "change.png").stat().st_size > 10_000
