from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ssc_core.errors import EmptyError
from ssc_core.lung.snet.items_change import moved
from ssc_core.lung.snet.items_slices import Extracted
from ssc_core.lung.snet.params import ScoreTrainParams
from ssc_core.lung.snet.train_data import Pool, contract_of, pool_of
from ssc_core.lung.synthesis.seeds import Seed, SeedBank

Quick = Callable[..., ScoreTrainParams]
PEOPLE = [f"person-{i}" for i in range(8)]


def pool(data: Extracted, params: ScoreTrainParams, seeds: SeedBank | None = None) -> Pool:
    return pool_of(data, seeds, contract_of(params, data.facts), params)


def test_hosts_and_seeds_come_from_the_training_patients_alone(data: Extracted, quick: Quick) -> None:
    def marked(pattern: str) -> tuple[Seed, ...]:
        return tuple(
            Seed(pattern, np.full((9, 9), -700.0 + 50 * i, np.float32), (4.0, 4.0), True, who)  # type: ignore[arg-type]
            for i, who in enumerate(PEOPLE)
        )

    both = pool(data, quick(), SeedBank(marked("gg"), marked("ret")))
    train, held = PEOPLE[:5], PEOPLE[5:]
    items = both.items(train, True)
    assert items.hosts
    assert items.seeds is not None
    assert {h.patient for h in items.hosts} <= set(train)
    assert {s.patient for s in (*items.seeds.gg, *items.seeds.ret)} == set(train)
    assert {s.patient for s in items.real} == set(train)
    # and in the pixels: what is inserted is as dense as the patch of a training patient, never of another
    seen = set()
    for index in range(len(items.real), len(items)):
        for seed in range(6):
            host, made = items.made(index, np.random.default_rng(seed))
            for one, other in ((made.gg, made.ret), (made.ret, made.gg)):
                inside = one & ~other & (made.hu > host.hu + 5)
                if inside.sum() > 60:
                    seen.add(
                        int(np.argmin(abs(np.percentile(made.hu[inside], 97) - (np.arange(8) * 50 - 700))))
                    )
    assert max(seen) < 6
    assert len(seen) >= 3
    assert not both.items(held, False).hosts


def test_generated_seeds_stand_in_where_a_fold_has_none_of_a_pattern(data: Extracted, quick: Quick) -> None:
    gg = Seed("gg", np.full((9, 9), -600.0, np.float32), (4.0, 4.0), True, PEOPLE[7])
    ret = Seed("ret", np.full((9, 9), -600.0, np.float32), (4.0, 4.0), True, PEOPLE[0])
    found = pool(data, quick(), SeedBank((gg,), (ret,))).seeds_of(PEOPLE[:5])
    assert {s.patient for s in (*found.gg, *found.ret)} == {""}


def test_validation_items_are_real_and_bare(data: Extracted, quick: Quick) -> None:
    items = pool(data, quick()).items(PEOPLE[:3], False)
    assert len(items) == len(items.real) == 9
    image, scores = items.item(0, None)
    assert image.shape == (1, 64, 64)
    assert np.array_equal(image, items.item(0, None)[0])
    hu = items.real[0].pixels()[0]
    assert image[0] == pytest.approx((hu + 1500) / 3000, abs=1e-6)
    assert tuple(scores) == pytest.approx(items.real[0].scores)


def test_an_item_depends_on_its_generator_alone(data: Extracted, quick: Quick) -> None:
    items = pool(data, quick()).items(PEOPLE[:4], True)
    for index in (0, len(items) - 1):
        one, two, other = (items.item(index, np.random.default_rng(s)) for s in (3, 3, 4))
        assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
        assert not np.array_equal(one[0], other[0])


def test_synthetic_scores_are_those_of_the_slice_before_it_is_moved(data: Extracted, quick: Quick) -> None:
    items = pool(data, quick(rotation=0.0, scale=0.0, shift=0.0)).items(PEOPLE, True)
    index = len(items.real) + 1
    image, scores = items.item(index, np.random.default_rng(7))
    host, made = items.made(index, np.random.default_rng(7))
    assert tuple(scores) == pytest.approx(made.scores)
    assert image[0] == pytest.approx((made.hu + 1500) / 3000, abs=1e-4)
    assert host.patient in PEOPLE


def test_without_a_healthy_slice_synthesis_says_what_to_do(data: Extracted, quick: Quick) -> None:
    ill = sorted({s.patient for s in data.slices if s.scores[0] > 0})
    sick = pool(data, quick())
    only = Pool(
        {p: tuple(s for s in sick.by_patient[p] if s.scores[0] > 0) for p in ill},
        (), None, sick.contract, sick.params,
    )  # fmt: skip
    with pytest.raises(EmptyError, match="--healthy phantoms"):
        only.items(ill, True)


def test_balance_asks_synthesis_for_even_extents(data: Extracted, quick: Quick) -> None:
    def tots(is_balanced: bool) -> np.ndarray:
        items = pool(data, quick(balanced=is_balanced)).items(PEOPLE, True)
        rng = np.random.default_rng(0)
        return np.array([items.made(len(items.real), rng)[1].scores[0] for _ in range(80)])

    def spread(values: np.ndarray) -> float:
        return float(np.subtract(*np.percentile(values, [75, 25])))

    assert spread(tots(True)) > spread(tots(False))


def test_movement_keeps_lung_and_image_together_and_pads_with_air() -> None:
    lung = np.zeros((64, 64), bool)
    lung[20:44, 12:52] = True
    hu = np.where(lung, -800, 100).astype(np.int16)
    for seed in range(10):
        image, mask = moved(hu, lung, np.random.default_rng(seed), rotation=30, scale=5, shift=10)
        assert image.min() >= -1024
        assert (image[0, 0] in (-1024, 100)) or -1024 < image[0, 0] < 100
        inside = image[mask]
        assert np.abs(np.median(inside) + 800) < 1
        assert mask.sum() == pytest.approx(lung.sum(), rel=0.13)
    padded = [moved(hu, lung, np.random.default_rng(s), rotation=30, scale=5, shift=10)[0] for s in range(10)]
    assert min(float(p.min()) for p in padded) == -1024
    same, mask = moved(hu, lung, np.random.default_rng(0), rotation=0, scale=0, shift=0)
    assert np.array_equal(same, hu)
    assert np.array_equal(mask, lung)
