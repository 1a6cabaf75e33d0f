"""Parameters of Goh scoring: those of the lung analysis, and what is scored by whom."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import field_serializer

from ssc_core.lung.params import LungParams
from ssc_core.params import quantity

__all__ = ["GohParams"]


class GohParams(LungParams):
    """What can be set when a CT is scored."""

    scorer: Annotated[
        str,
        quantity(
            "",
            "Who scores: starter, baseline, a model of 'ssc models list', or the path of a training run.",
            min_length=1,
        ),
    ] = "starter"
    level_net: Annotated[
        str,
        quantity("", "Path of a run of 'ssc lung train-levels' that finds the levels; else the anatomy."),
    ] = ""
    recalibrate: Annotated[
        str, quantity("", "Path of a recalibration.json of 'ssc lung recalibrate'; empty for raw scores.")
    ] = ""
    profile: Annotated[bool, quantity("", "Score the slices between the levels too.")] = True
    profile_step_mm: Annotated[
        float, quantity("mm", "Least distance of the profile's slices; 0 scores every slice.", ge=0, le=50)
    ] = 0.0
    maps: Annotated[
        bool, quantity("", "Write the extent maps of the five levels, if the scorer has them.")
    ] = True
    device: Annotated[
        str, quantity("", "auto, cpu, cuda or cuda:N.", pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$")
    ] = "auto"

    @field_serializer("scorer", "level_net", "recalibrate", when_used="json")
    def _content(self, value: str) -> str:
        """A path becomes the digest of what it holds: it may name people, and what it holds may change."""
        path = Path(value)
        if not value or not path.exists():
            return value
        from ssc_core.io.digest import file_digest

        card = path / "card.json"  # holds the digests of all weights of a run
        return file_digest(card if card.is_file() else path)
