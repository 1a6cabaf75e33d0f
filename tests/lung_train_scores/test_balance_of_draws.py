from __future__ import annotations

import numpy as np
import pytest

from ssc_core.errors import EmptyError
from ssc_core.lung.snet.balance import mixed

# TOT classes as published for 1150 slices, the rare end abridged
PUBLISHED = {0: 560, 5: 120, 10: 92, 15: 46, 20: 52, 85: 1, 90: 8, 100: 5}
TOT = [float(k) for k, n in PUBLISHED.items() for _ in range(n)]


def epochs(draw: object, count: int = 40) -> np.ndarray:
    return np.concatenate([draw(np.random.default_rng(i)) for i in range(count)])  # type: ignore[operator]


@pytest.mark.parametrize("is_balanced", [False, True])
def test_exactly_half_of_every_epoch_is_synthetic(is_balanced: bool) -> None:
    draw = mixed(TOT, 560, is_balanced=is_balanced, share=0.5)
    for seed in range(5):
        chosen = draw(np.random.default_rng(seed))
        assert len(chosen) == len(TOT)
        assert (chosen >= len(TOT)).sum() == round(len(TOT) / 2)
        assert chosen.max() < len(TOT) + 560
        assert chosen.min() >= 0


def test_balanced_real_items_have_every_class_equally_often() -> None:
    chosen = epochs(mixed(TOT, 560, is_balanced=True, share=0.5))
    real = np.array(TOT)[chosen[chosen < len(TOT)]]
    shares = {k: (real == k).mean() for k in PUBLISHED}
    assert shares == pytest.approx(dict.fromkeys(PUBLISHED, 1 / len(PUBLISHED)), abs=0.01)


def test_synthesis_does_not_fill_the_epoch_with_healthy_slices() -> None:
    # in the published code 98.6 % of the draws have TOT 0 once both are on
    chosen = epochs(mixed(TOT, 560, is_balanced=True, share=0.5), 10)
    healthy = (chosen < len(TOT)) & (np.append(TOT, np.full(560, -1.0))[chosen] == 0)
    assert healthy.mean() == pytest.approx(0.5 / len(PUBLISHED), abs=0.02)


def test_without_balance_no_real_item_comes_twice() -> None:
    draw = mixed(TOT, 3, is_balanced=False, share=0.5)
    chosen = draw(np.random.default_rng(0))
    real = chosen[chosen < len(TOT)]
    assert len(np.unique(real)) == len(real)
    plain = mixed(TOT, 0, is_balanced=False, share=0.0)(np.random.default_rng(0))
    assert sorted(plain) == list(range(len(TOT)))


def test_hosts_are_drawn_alike_and_epochs_differ() -> None:
    draw = mixed(TOT, 10, is_balanced=False, share=0.5)
    chosen = epochs(draw)
    counts = np.bincount(chosen[chosen >= len(TOT)] - len(TOT), minlength=10)
    assert counts.min() > 0.9 * counts.mean()
    assert not np.array_equal(draw(np.random.default_rng(1)), draw(np.random.default_rng(2)))


def test_nothing_to_draw_from_is_refused() -> None:
    with pytest.raises(EmptyError, match="no scored slice"):
        mixed([], 3, is_balanced=True, share=0.5)
    with pytest.raises(EmptyError, match="healthy"):
        mixed([0.0], 0, is_balanced=True, share=0.5)
