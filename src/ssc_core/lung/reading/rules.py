"""What a score given by a person must obey to be one."""

from __future__ import annotations

__all__ = ["STEP", "refused"]

STEP = 5
"""Readers score in steps of 5 % (Jia et al. 2024, Dataset)."""


def refused(tot: float, gg: float, ret: float) -> str:
    """Why these numbers are no Goh scores, "" if they are: whole steps of 5 % from 0 to 100."""
    for name, value in (("TOT", tot), ("GG", gg), ("RET", ret)):
        if not 0 <= value <= 100 or value % STEP:
            return f"{name} {value:g} is no step of {STEP} from 0 to 100"
    return ""
