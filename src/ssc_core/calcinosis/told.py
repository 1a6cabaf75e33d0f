"""The record of an analysis and its row in a study's table, for images and volumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.calcinosis.unet.predict import Segmenter
from ssc_core.results import Measurement, RunRecord, record_run

__all__ = ["record_of", "study_row"]


def record_of(
    command: str,
    params: CalcinosisParams,
    network: Segmenter | None,
    seeds: Sequence[Sequence[float]] | None,
    toggles: Sequence[int],
    flags: tuple[str, ...],
    found: Mapping[str, Any],
) -> RunRecord:
    """How an image or volume was analysed; `found` is what was given or measured on the way."""
    return record_run(
        command,
        {
            **params.model_dump(),
            "engine": "classical" if network is None else "unet",
            "unet_weights": None if network is None else network.name,  # never a path
            "seeds": None if seeds is None else [list(s) for s in seeds],
            "toggles": sorted(toggles),
            **found,
        },
        {},
        warnings=flags,
        weights={} if network is None else {network.name: network.sha256},
    )


def study_row(
    case_id: str, measurements: Mapping[str, Measurement], total: str, flags: Sequence[str]
) -> dict[str, Any]:
    """Every measurement, the interval of the one called `total`, and the flags."""
    return {
        "case_id": case_id,
        **{name: m.value for name, m in measurements.items()},
        f"{total}_low": measurements[total].low,
        f"{total}_high": measurements[total].high,
        "flags": "; ".join(flags),
    }
