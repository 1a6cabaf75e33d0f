"""Numbers printed in the papers that do not follow from others there: each row of the page recomputed."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from scipy import stats as sps

from ssc_core import stats

PAGE = Path(__file__).resolve().parents[2] / "docs" / "printed-numbers.md"
CHECKS: dict[str, Callable[[], None]] = {}


def row(name: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    def keep(check: Callable[[], None]) -> Callable[[], None]:
        CHECKS[name] = check
        return check

    return keep


def p_of(r: float, df: float) -> float:
    return float(2 * sps.t.sf(abs(r) * math.sqrt(df / (1 - r**2)), df))


def samples(r: float, printed_p: str) -> tuple[int, int]:
    """Sample sizes at which a correlation that rounds to r can have a p that rounds to the printed one."""
    p = Decimal(printed_p)
    half = Decimal(1).scaleb(int(p.as_tuple().exponent)) / 2
    least, most = float(p - half), float(p + half)
    fitting = [n for n in range(5, 300) if p_of(r + 0.005, n - 2) <= most and p_of(r - 0.005, n - 2) >= least]
    return fitting[0], fitting[-1]


@row("patch-area")
def _() -> None:
    side = 227 * 0.25
    assert round(side) == 57
    assert round((side / 1000) ** 2, 4) == 0.0032
    assert round(math.sqrt(0.16) * 1000 / 227, 3) == 1.762


@row("patches-per-punch")
def _() -> None:
    assert round(100 * 0.16, 9) == 16
    assert (round(4 * 0.8), round(4 * 2.0)) == (3, 8)


@row("biopsies-per-patient")
def _() -> None:
    assert round(148 / 60, 2) == 2.47
    assert round((148 + 26) / (60 + 6), 2) == 2.64


@row("autoantibody-share")
def _() -> None:
    assert round(100 * 19 / 60) == 32
    assert [round(100 * n / 60) for n in (52, 45, 42, 4, 15)] == [87, 75, 70, 7, 25]  # the others agree


@row("comp-probes")
def _() -> None:
    assert samples(0.39, "9.2e-5") == (93, 97)
    assert 0.025 < p_of(0.22, 95 - 2) < 0.035


@row("correlation-samples")
def _() -> None:
    assert samples(0.61, "2.5e-11") == (97, 100)
    assert samples(0.28, "0.005") == (94, 105)
    assert samples(0.69, "2.9e-17") == (111, 115)
    assert samples(0.56, "6.1e-6") == (56, 58)


@row("figure-2a")
def _() -> None:
    assert 26 * 100 == 2600 != 6 * 100


@row("bias-sign")
def _() -> None:
    assert (-6.0 + 9.5) / 2 == 1.75


@row("images-scored")
def _() -> None:
    assert 31 - 7 == 24
    assert round(100 * 7 / 31) == 23


@row("ccc-interval")
def _() -> None:
    for value, low, high in ((0.91, 0.85, 0.98), (0.95, 0.91, 0.99)):
        assert (high - value) == pytest.approx(value - low, abs=0.0101)  # symmetric to the printed digits
        z = [math.atanh(v) for v in (low, value, high)]
        assert (z[2] - z[1]) > 1.9 * (z[1] - z[0])  # and not on the transformed scale


@row("same-scores-two-nets")
def _() -> None:
    table_2_of_2022 = "7.85 (10.71) 6.87 (9.61) 5.90 (8.77) 5.96 (10.03) 5.09 (9.50) 4.66 (8.83) 5.81 (8.42)"
    table_4_of_2024 = "7.85 (10.71) 6.87 (9.61) 5.90 (8.77) 5.96 (10.03) 5.09 (9.50) 4.66 (8.83) 5.81 (8.42)"
    assert table_2_of_2022 == table_4_of_2024


@row("same-icc-two-sets")
def _() -> None:
    icc = (0.72, 0.84, 0.81, 0.96, 0.97)
    words = [stats.koo_li(v) for v in icc]  # as the 2022 text reads them
    assert words == ["moderate", "good", "good", "excellent", "excellent"]


@row("table-5-all")
def _() -> None:
    s_net = ((6.28, 4.74, 6.17, 6.88, 7.58), (2.81, 3.33, 4.82, 5.98, 6.75), (5.14, 3.72, 4.69, 4.93, 5.74))
    both = ((4.20, 4.61, 5.61, 7.12, 8.12), (2.34, 3.11, 4.65, 5.88, 7.13), (3.49, 3.35, 4.33, 4.99, 6.15))
    assert [round(sum(v) / 5, 2) for v in s_net] == [6.33, 4.74, 4.84]
    assert [round(sum(v) / 5, 2) for v in both] == [5.93, 4.62, 4.46]


@row("lnet-parameters")
def _() -> None:
    widths = [1, 64, 128, 256, 256, 512, 512, 1024, 1024]
    weights = sum(27 * a * b for a, b in pairwise(widths))
    assert round(weights / 1e6, 2) == 55.96


@row("snet-parameters")
def _() -> None:
    total = 0
    channels = (96, 192, 384, 768)
    total += 3 * 96 * 16 + 96 + 2 * 96  # stem: 4 x 4 convolution and layer norm
    for before, after in pairwise(channels):
        total += 2 * before + before * after * 4 + after  # layer norm and 2 x 2 convolution
    for c, blocks in zip(channels, (3, 3, 9, 3), strict=True):
        block = (49 * c + c) + 2 * c + (4 * c * c + 4 * c) + (4 * c * c + c) + c  # with layer scale
        total += blocks * block
    total += 2 * 768 + 768 * 3 + 3
    assert round(total / 1e6, 1) == 27.8


@row("both-experts")
def _() -> None:
    a, b = (97.0, 94.2, 89.8), (84.0, 85.8, 70.2)
    assert [round((x + y) / 2, 1) for x, y in zip(a, b, strict=True)] == [90.5, 90.0, 80.0]
    assert all(
        min(x, y) < (x + y) / 2 for x, y in zip(a, b, strict=True)
    )  # both agreeing cannot exceed the lower


@row("table-4-trend")
def _() -> None:
    synthesis_alone, with_balanced_sampling = 6.74, 7.98
    assert with_balanced_sampling > synthesis_alone


@row("second-session")
def _() -> None:
    assert 180 + 47 == 227
    assert 180 + 50 == 230
    weeks = {"2022": 30 / 7, "2024": 6.0}
    assert weeks["2022"] < weeks["2024"] - 1


@row("rmcorr-p")
def _() -> None:
    assert round(p_of(0.55, 26 - 6 - 1), 4) == 0.0098


@row("misclassified")
def _() -> None:
    for wrong, n, printed in ((2, 103, 1.9), (4, 61, 6.6)):
        label = [1] * n
        score = [0.9] * (n - wrong) + [0.1] * wrong
        assert round(100 * stats.misclassification(label, score).value, 1) == printed


@row("fibrosis-n")
def _() -> None:
    for r, p in ((0.55, "5.3e-6"), (0.64, "2.9e-8")):
        low, high = samples(r, p)
        assert low <= 61 <= high


@row("levels-in-mm")
def _() -> None:
    slices = (4.21, 3.70, 4.23, 2.49, 2.92)
    assert [round(s * 1.2, 2) for s in slices] == [5.05, 4.44, 5.08, 2.99, 3.50]


@row("first-bias")
def _() -> None:
    assert (-10.0 + 9.0) / 2 == -0.5


@row("cohort-2024")
def _() -> None:
    assert 29 + 62 + 133 + 6 == 230
    assert round(100 * 191 / 230, 1) == 83.0


def test_every_row_of_the_page_is_recomputed_and_nothing_else() -> None:
    names = re.findall(r"^\| ([a-z0-9-]+) \|", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert sorted(set(names) - {"name"}) == sorted(CHECKS)


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_printed_number(name: str) -> None:
    CHECKS[name]()
