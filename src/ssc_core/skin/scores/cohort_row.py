"""One row of a skin cohort's manifest: one section of one biopsy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

__all__ = ["BiopsyRow"]

_STATUS = {
    "ssc": "SSc",
    "patient": "SSc",
    "case": "SSc",
    "control": "control",
    "healthy": "control",
    "normal": "control",
}
_SEX = {"f": "F", "female": "F", "woman": "F", "m": "M", "male": "M", "man": "M"}
_SUBSET = {"diffuse": "diffuse", "dcssc": "diffuse", "limited": "limited", "lcssc": "limited", "sine": "sine"}
_WORDS = {"status": _STATUS, "sex": _SEX, "subset": _SUBSET}


class BiopsyRow(BaseModel):
    """One section of one biopsy. Further columns are kept, so that any of them can be a target."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    biopsy_id: Annotated[
        str,
        Field(description="Neutral name of the biopsy.", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$"),
    ]
    patient_id: Annotated[str, Field(description="Neutral name of the patient.", min_length=1)]
    slide: Annotated[Path | None, Field(description="Whole-slide image.")] = None
    roi: Annotated[Path | None, Field(description="Dermis as GeoJSON; empty to have it proposed.")] = None
    visit_months: Annotated[float, Field(description="Months since the first visit.", ge=0, le=600)] = 0.0
    status: Annotated[Literal["SSc", "control"], Field(description="SSc or control.")]
    mrss: Annotated[float | None, Field(description="Modified Rodnan skin score, 0-51.", ge=0, le=51)] = None
    local_skin_score: Annotated[float | None, Field(description="At the biopsy, 0-3.", ge=0, le=3)] = None
    age: Annotated[float | None, Field(description="Years.", ge=0, le=120)] = None
    sex: Annotated[Literal["F", "M"] | None, Field(description="F or M.")] = None
    race: Annotated[str | None, Field(description="Free text.")] = None
    subset: Annotated[
        Literal["diffuse", "limited", "sine"] | None, Field(description="Diffuse, limited or sine.")
    ] = None
    duration_months: Annotated[
        float | None, Field(description="First non-Raynaud symptom to biopsy.", ge=0, le=1200)
    ] = None
    autoantibodies: Annotated[str | None, Field(description="Several with ';' between.")] = None
    site: Annotated[str | None, Field(description="Hospital or laboratory.")] = None
    stain_batch: Annotated[str | None, Field(description="Staining run.")] = None
    section: Annotated[int, Field(description="Which of several sections, from 1.", ge=1, le=99)] = 1
    mpp: Annotated[float | None, Field(description="um per pixel, where the file does not say.", gt=0)] = None
    scene: Annotated[int | None, Field(description="Which of several scenes, from 0.", ge=0)] = None

    @field_validator("status", "sex", "subset", mode="before")
    @classmethod
    def _in_our_words(cls, value: Any, info: Any) -> Any:
        """Usual spellings become ours; others stay and are refused."""
        return _WORDS[info.field_name].get(value.strip().lower(), value) if isinstance(value, str) else value
