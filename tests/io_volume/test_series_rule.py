"""A rule chooses a series with its reason, or lists what it cannot tell apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ssc_core.errors import ChoiceNeeded, InputError
from ssc_core.io.volume import choose_series, list_series, open_volume


@pytest.fixture
def folder(ct: Any, tmp_path: Path) -> Path:
    def series(name: str, number: int, kernel: str, dz: float, n: int, **more: Any) -> None:
        grid = ct.Grid((n, 6, 5), (dz, 1.5, 1.25), **more)
        tags = {"SeriesNumber": number, "ConvolutionKernel": kernel}
        ct.write_series(tmp_path / name, uid=f"1.2.{number}", tags=tags, grid=grid)

    series("thick soft", 1, "B30f", 5.0, 6)
    series("thin soft", 2, "B30f", 1.0, 8)
    series("thin sharp", 3, "B70f", 1.005, 20)
    series("coronal", 4, "B30f", 0.5, 8, column=(0.0, 0.0, -1.0))
    return tmp_path


CHOSEN = {
    "thinnest": "1.2.4",
    "thinnest axial, kernel B30f": "1.2.2",
    "axial thinnest, KERNEL b70*|B30f": "1.2.3",
    "kernel B30f, axial, thinnest": "1.2.2",
    "thinnest axial, longest": "1.2.3",
    "longest axial": "1.2.1",
}


@pytest.mark.parametrize("rule", CHOSEN)
def test_a_rule_chooses(folder: Path, rule: str) -> None:
    choice = choose_series(list_series(folder), rule)
    assert choice.series.uid == CHOSEN[rule]
    assert choice.reason.startswith(f"the series was chosen by the rule '{rule}': 4 candidates, ")
    assert choice.reason.endswith("leaves 1")
    assert "ZZNAME" not in choice.reason


def test_the_choice_does_not_depend_on_the_order(folder: Path) -> None:
    found = list_series(folder)
    for rule in CHOSEN:
        assert choose_series(found[::-1], rule) == choose_series(found, rule)


def test_ties_are_listed_and_never_guessed(folder: Path) -> None:
    with pytest.raises(ChoiceNeeded) as caught:
        choose_series(list_series(folder), "thinnest axial")
    text = str(caught.value)
    assert "leaves 2 series that it cannot tell apart, name one with --series N" in text
    assert "kernel B70f" in text
    assert "6 images" not in text  # the thick one is no longer in question
    assert "ZZNAME" not in caught.value.storable


def test_a_rule_that_nothing_fits_chooses_nothing(folder: Path) -> None:
    with pytest.raises(ChoiceNeeded, match=r"leaves no series at 'kernel Br40'"):
        choose_series(list_series(folder), "kernel Br40")


@pytest.mark.parametrize("rule", ["the nice one", "kernel", "thinnest,,axial", "kernel B30f B40f", " "])
def test_a_rule_that_cannot_be_understood(folder: Path, rule: str) -> None:
    with pytest.raises(InputError, match="cannot be understood"):
        choose_series(list_series(folder), rule)


def test_opening_by_rule_is_logged_and_a_named_series_wins(ct: Any, folder: Path) -> None:
    volume = open_volume(folder, series_rule="thinnest axial, kernel B30f")
    assert volume.shape[0] == 8
    ct.assert_in_place(volume)
    assert volume.warnings[0].endswith(
        "4 candidates, axial leaves 3, thinnest (1 mm) leaves 2, kernel B30f leaves 1"
    )
    assert "3 another candidate" in volume.warnings[1]
    assert open_volume(folder, series=1, series_rule="thinnest").shape[0] == 6
    with pytest.raises(ChoiceNeeded) as caught:
        open_volume(folder, series_rule="axial")
    assert str(folder) in str(caught.value)
