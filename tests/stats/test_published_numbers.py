"""The numbers that others printed, to the digits that they printed."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from ssc_core import stats

# ten pairs with values computed by hand from Lin's corrected formula and Bland and Altman's
X = [12, 30.5, 8.2, 55.1, 41, 19.7, 5.3, 70.4, 26.6, 33.9]
Y = [10.5, 33, 7, 60.2, 44.8, 18.1, 6.9, 66, 30.2, 31.5]

# Shrout and Fleiss 1979, table 2: six targets, four judges
SHROUT = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]


@pytest.fixture(scope="session")
def tables(real_data: Path) -> Path:
    return real_data / "tables"


def test_lin_with_the_corrected_standard_error() -> None:
    ccc = stats.lin_ccc(X, Y)
    assert (round(ccc.value, 6), round(ccc.se, 7)) == (0.988219, 0.0082536)
    assert (round(ccc.low, 6), round(ccc.high, 6)) == (0.953922, 0.997027)


def test_bland_altman_divides_by_n_minus_1_and_takes_measured_minus_reference() -> None:
    ba = stats.bland_altman(X, Y)
    assert (round(ba.bias, 2), round(ba.sd, 6)) == (0.55, 3.172188)
    assert (round(ba.lower, 6), round(ba.upper, 6)) == (-5.667489, 6.767489)


@pytest.mark.parametrize(
    ("form", "printed"),
    [("1,1", 0.17), ("A,1", 0.29), ("C,1", 0.71), ("1,k", 0.44), ("A,k", 0.62), ("C,k", 0.91)],
)
def test_shrout_and_fleiss(form: str, printed: float) -> None:
    assert round(stats.icc(SHROUT, form).value, 2) == printed


@pytest.mark.parametrize(
    ("form", "to_three"),
    [("1,1", 0.166), ("2,1", 0.290), ("3,1", 0.715), ("1,k", 0.443), ("2,k", 0.620), ("3,k", 0.909)],
)
def test_shrout_and_fleiss_names_are_understood(form: str, to_three: float) -> None:
    assert round(stats.icc(SHROUT, f"ICC({form})").value, 3) == to_three


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("1,1", 0.727521),
        ("A,1", 0.727689),
        ("C,1", 0.729487),
        ("1,k", 0.914384),
        ("A,k", 0.914450),
        ("C,k", 0.915159),
    ],
)
def test_wine_judges(tables: Path, form: str, value: float) -> None:
    wide = stats.ratings_of(pd.read_csv(tables / "wine_judges.csv"), "Wine", "Judge", "Scores")
    assert wide.shape == (8, 4)
    assert round(stats.icc(wide, form).value, 6) == value


def test_anxiety_ratings(tables: Path) -> None:
    icc = stats.icc(pd.read_csv(tables / "anxiety_ratings.csv"), "A,1")
    assert round(icc.value, 3) == 0.198
    assert (icc.n, icc.k, icc.word) == (20, 3, "poor")


def test_repeated_measures_correlation_of_1995(tables: Path) -> None:
    data = pd.read_csv(tables / "bland_altman_1995_ph_paco2.csv")
    r = stats.rmcorr(data["Subject"], data["pH"], data["PacO2"])
    assert round(r.value, 7) == -0.5067697
    assert (r.df, r.n, r.n_subjects) == (38, 47, 8)
    assert round(r.p, 8) == 0.00084711
    assert (round(r.low, 5), round(r.high, 5)) == (-0.70671, -0.23186)


def test_peak_flow_of_1986(tables: Path) -> None:
    data = pd.read_csv(tables / "bland_altman_1986_pefr.csv")
    ba = stats.bland_altman(data["MiniWrightFirst"], data["WrightFirst"])
    assert (round(ba.bias, 4), round(ba.sd, 3)) == (-2.1176, 38.765)
    ccc = stats.lin_ccc(data["MiniWrightFirst"], data["WrightFirst"])
    assert round(ccc.value, 6) == 0.942742
    # the 1986 paper prints intervals of bias (-22.0 to 17.8) and of the lower limit (-114.3 to -45.1),
    # with limits at two standard deviations
    assert (round(ba.low, 1), round(ba.high, 1)) == (-22.0, 17.8)
    two = stats.bland_altman(data["MiniWrightFirst"], data["WrightFirst"], share=0.9544997361)
    assert two.lower == pytest.approx(-79.6, abs=0.06)
    assert two.lower_approx == pytest.approx((-114.3, -45.1), abs=0.5)


def test_sleep_study_with_random_intercept(tables: Path) -> None:
    data = pd.read_csv(tables / "sleepstudy.csv")
    model = stats.mixed_model(data["Reaction"], data["Subject"], {"Days": data["Days"]})
    assert round(model["intercept"].value, 4) == 251.4051
    assert round(model["Days"].value, 4) == 10.4673
    assert model.subject_sd == pytest.approx(37.1238, abs=2e-3)
    assert model.residual_sd == pytest.approx(30.9912, abs=2e-4)


def test_sleep_study_with_random_slope(tables: Path) -> None:
    data = pd.read_csv(tables / "sleepstudy.csv")
    model = stats.mixed_model(data["Reaction"], data["Subject"], {"Days": data["Days"]}, random_slope="Days")
    assert (round(model["intercept"].value, 3), round(model["Days"].value, 3)) == (251.405, 10.467)
    assert round(-2 * model.log_likelihood, 3) == 1743.628


def test_orthodont(tables: Path) -> None:
    data = pd.read_csv(tables / "orthodont.csv")
    model = stats.mixed_model(data["distance"], data["Subject"], {"age": data["age"]})
    assert (round(model["intercept"].value, 4), round(model["age"].value, 4)) == (16.7611, 0.6602)
    assert model.subject_sd == pytest.approx(2.1147, abs=1e-3)
    assert model.residual_sd == pytest.approx(1.4316, abs=1e-4)


def test_kappa_measures_distance_by_value_on_the_whole_category_set() -> None:
    by_value = stats.weighted_kappa([0, 0, 5, 5, 40, 40], [0, 5, 0, 5, 40, 5])
    by_index = stats.weighted_kappa([0, 0, 1, 1, 2, 2], [0, 1, 0, 1, 2, 1], categories=range(3))
    assert by_value.value == pytest.approx(1 - 45 / 6 / (570 / 36))  # by hand
    assert by_index.value == pytest.approx(1 - 3 / 6 / (30 / 36))
    assert by_value.categories == stats.GOH_CLASSES
    assert len(by_value.categories) == 21
