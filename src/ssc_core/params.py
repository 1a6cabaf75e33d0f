"""A parameter is declared once: name, default, bounds, unit and help.

That one declaration feeds validation, the command line, the viewer's form and the run record. Each room has
one frozen subclass of :class:`Params`; a field is written as::

    bone_hu: Annotated[float, quantity("HU", "Voxels above this are bone.", ge=-200, le=1500)] = 250.0
"""

from __future__ import annotations

from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic.fields import FieldInfo

from ssc_core.errors import InputError

__all__ = ["Case", "Params", "parsed", "quantity", "unit_of"]

P = TypeVar("P", bound=BaseModel)


class Params(BaseModel):
    """Frozen, validated parameters of one analysis."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        validate_default=True,
        use_attribute_docstrings=False,
    )

    @classmethod
    def make(cls, **values: Any) -> Self:
        """Validate `values`; the error is one readable sentence instead of pydantic's report.

        Raises
        ------
        InputError
            Naming every parameter that is unknown or out of bounds.
        """
        return parsed(cls, values)


class Case(BaseModel):
    """One row of a room's manifest: a neutral name, the images, what they do not say themselves.

    An empty cell counts as not given; columns that a room does not know are left alone.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    case_id: Annotated[str, Field(description="Neutral name of the case.")]

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_none(cls, value: Any) -> Any:
        return None if isinstance(value, str) and not value.strip() else value


def quantity(unit: str, help: str, **bounds: Any) -> Any:
    """Declare a parameter's unit ("" for a pure number), its help text and its bounds.

    Parameters
    ----------
    unit : str
        Physical unit as written for people: "mm", "um/px", "HU", "%", "".
    help : str
        One sentence for the command line and the viewer.
    **bounds
        ``ge``, ``gt``, ``le``, ``lt``, ``multiple_of`` ... as pydantic's ``Field`` takes them.
    """
    return Field(description=help, json_schema_extra={"unit": unit}, **bounds)


def unit_of(field: FieldInfo) -> str:
    """Unit of a declared parameter, "" for a pure number."""
    extra = field.json_schema_extra
    return str(extra.get("unit", "")) if isinstance(extra, dict) else ""


def parsed(model: type[P], values: Any) -> P:
    """`values` as a `model`, or one sentence that names every value that does not fit.

    Raises
    ------
    InputError
        With all problems in one sentence.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        problems = "; ".join(
            f"--{'.'.join(str(p) for p in e['loc']).replace('_', '-')}: {e['msg'].lower()}"
            f" (given {e['input']!r})"
            for e in error.errors()
        )
        raise InputError(f"parameters that do not fit: {problems}") from None
