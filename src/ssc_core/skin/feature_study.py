"""Features of all biopsies of a study: every one is attempted, finished ones are kept, failures are told."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from ssc_core.errors import Cancelled, InputError, SscError
from ssc_core.io.output import staged
from ssc_core.progress import Tick, silent
from ssc_core.skin.case import SkinCase
from ssc_core.skin.feature_case import KEY, inputs_of, key_of, opened, run_case
from ssc_core.skin.feature_params import FeatureParams

__all__ = ["StudyFeatures", "features_of"]

_POLL_S = 0.1


@dataclass(frozen=True)
class StudyFeatures:
    """How it ended, by case_id in the order of the study.

    Parameters
    ----------
    finished : tuple of str
        Computed now.
    kept : tuple of str
        Finished before with the same slide, region, parameters, weights and versions.
    failures : mapping of str to str
        Why a case failed; holds no name of a file.
    """

    finished: tuple[str, ...]
    kept: tuple[str, ...]
    failures: dict[str, str]


def features_of(
    cases: Sequence[SkinCase],
    params: FeatureParams,
    out: str | Path,
    workers: int = 1,
    tick: Tick = silent,
) -> StudyFeatures:
    """Write the features of each case to ``out/CASE_ID`` (see :mod:`ssc_core.io.features`).

    Parameters
    ----------
    cases : sequence of SkinCase
        Each ``case_id`` once.
    params : FeatureParams
        How; the same weights are held to for all cases.
    out : path-like
        Folder of the study's features. Run again, only what is missing or has changed is computed.
    workers : int
        Cases at a time. Results do not depend on it.
    tick : Tick
        Told the number of cases done, fractions included; raising ``Cancelled`` keeps what is finished.

    Returns
    -------
    StudyFeatures
        Also when cases failed.

    Raises
    ------
    InputError
        If the backbone cannot be used, `workers` is below 1 or two cases have one name.
    Cancelled
        If `tick` stopped the run.
    """
    if workers < 1:
        raise InputError(f"--workers must be at least 1 (given {workers})")
    names = [case.case_id for case in cases]
    if len({name.lower() for name in names}) < len(names):
        raise InputError("two cases have the same case_id; give each its own")
    params = params.model_copy(update={"weights": opened(params).weights})
    run = _Run(params, Path(out))
    with ThreadPoolExecutor(workers, thread_name_prefix="ssc-features") as pool:
        futures = [pool.submit(run.case, case) for case in cases]
        try:
            _watch(run, futures, tick)
        except BaseException:
            run.stopped.set()
            pool.shutdown(cancel_futures=True)
            raise
    ended = dict(zip(names, (future.result() for future in futures), strict=True))
    return StudyFeatures(
        tuple(name for name, how in ended.items() if how == _FINISHED),
        tuple(name for name, how in ended.items() if how == _KEPT),
        {name: how for name, how in ended.items() if how not in (_FINISHED, _KEPT)},
    )


_FINISHED, _KEPT = "finished", "kept"


class _Run:
    """What the cases of one run share."""

    def __init__(self, params: FeatureParams, out: Path) -> None:
        self.params, self.out = params, out
        self.stopped = threading.Event()
        self.shares: dict[str, float] = {}

    def case(self, case: SkinCase) -> str:
        """How the case ended: finished, kept, or the reason of its failure."""

        def tick(done: float, total: float, what: str, /) -> None:
            if self.stopped.is_set():
                raise Cancelled
            self.shares[case.case_id] = done / total if total else 0.0

        target = self.out / case.case_id
        try:
            tick(0, 1, "case")
            if _is_finished(case, self.params, target):
                return _KEPT
            with staged(target) as folder:
                run_case(case, self.params, folder, tick)
            return _FINISHED
        except Cancelled:
            raise
        except SscError as error:
            reason = _without_names(error.storable, case)
        except Exception as error:  # noqa: BLE001 (one broken case must not end the study)
            reason = f"unexpected {type(error).__name__}; run this case alone with 'ssc skin analyse'"
        finally:
            self.shares[case.case_id] = 1.0
        if (target / KEY).is_file():
            shutil.rmtree(target)  # the features of other inputs or parameters
        return reason


def _watch(run: _Run, futures: Sequence[Future[str]], tick: Tick) -> None:
    """Tell progress from the caller's thread until all cases have ended."""
    left = set(futures)
    while left:
        _, left = wait(left, timeout=_POLL_S, return_when=FIRST_COMPLETED)
        tick(sum(list(run.shares.values())), len(futures), "features of biopsies")


def _is_finished(case: SkinCase, params: FeatureParams, target: Path) -> bool:
    file = target / KEY
    if not (file.is_file() and case.slide.exists() and (case.roi is None or case.roi.exists())):
        return False
    return file.read_text(encoding="utf-8").strip() == key_of(case, params, inputs_of(case))


def _without_names(reason: str, case: SkinCase) -> str:
    """`reason` without the names of the case's files, which may name a patient."""
    for path in (case.slide, case.roi):
        for text in () if path is None else (str(path), path.name, path.stem):
            reason = reason.replace(text, "<name>") if len(text) > 2 else reason
    return reason
