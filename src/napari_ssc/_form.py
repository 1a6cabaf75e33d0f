"""Forms made from the core's own declarations, each row with its unit, bounds and help."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from magicgui.widgets import Container, create_widget
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ssc_core.params import parsed, unit_of

__all__ = ["Form"]

M = TypeVar("M", bound=BaseModel)


class Form:
    """A form for a pydantic model of the core.

    Parameters
    ----------
    model : type
        Its fields become rows, in their order.
    leave_out : tuple of str
        Fields that are filled in elsewhere.
    """

    def __init__(self, model: type[BaseModel], leave_out: tuple[str, ...] = ()) -> None:
        self.model = model
        fields = {n: f for n, f in model.model_fields.items() if n not in leave_out}
        self._optional = {n for n, f in fields.items() if NoneType in get_args(f.annotation)}
        self.container = Container(
            widgets=[_row(name, field) for name, field in fields.items()], labels=True, scrollable=False
        )
        self.container.native.setObjectName(model.__name__)

    def values(self, **more: Any) -> Any:
        """What the form says, as the model.

        Raises
        ------
        InputError
            In one sentence, if a value does not fit.
        """
        said = {w.name: self._said(w) for w in self.container}
        empty = {n for n in self._optional if said.get(n) in ("", None, Path())}
        return parsed(self.model, {**{n: v for n, v in said.items() if n not in empty}, **more})

    def _said(self, widget: Any) -> Any:
        several = get_origin(_plain_type(self.model.model_fields[widget.name].annotation)) is tuple
        return [p for p in widget.value.replace(",", " ").split() if p] if several else widget.value

    def fill(self, values: Mapping[str, Any]) -> None:
        """Set the form from saved values, as a run record holds them; unknown names are ignored."""
        for widget in self.container:
            value = values.get(widget.name)
            if isinstance(value, list | tuple):
                value = ", ".join(f"{v:g}" for v in value)
            if value is not None:
                widget.value = value


def _row(name: str, field: FieldInfo) -> Any:
    unit = unit_of(field)
    kind = _plain_type(field.annotation)
    default = None if field.is_required() else field.default
    options: dict[str, Any] = {"tooltip": field.description or ""}
    if kind in (int, float) and NoneType not in get_args(field.annotation):
        options |= _bounds(field, kind, default)
    elif kind in (int, float):
        kind, default = str, "" if default is None else str(default)  # empty means "not given"
    elif kind is str and default is None:
        default = ""
    elif get_origin(kind) is tuple:
        kind, default = str, ", ".join(f"{v:g}" for v in default or ())  # several numbers as one line
    label = name.replace("_", " ") + (f" ({unit})" if unit else "")
    extra = {} if default is None else {"value": default}
    return create_widget(annotation=kind, name=name, label=label, options=options, **extra)


def _plain_type(annotation: Any) -> Any:
    """The type without ``None``."""
    if get_origin(annotation) in (Union, UnionType):
        return next(a for a in get_args(annotation) if a is not NoneType)
    return annotation


def _bounds(field: FieldInfo, kind: type, default: Any) -> dict[str, Any]:
    """Spin box limits and step; an open bound stays open."""
    limits = {"min": -1e6, "max": 1e6}
    for rule in field.metadata:
        for side, names in {"min": ("ge", "gt"), "max": ("le", "lt")}.items():
            for name in names:
                if getattr(rule, name, None) is not None:
                    limits[side] = getattr(rule, name)
    if kind is int:
        return {"min": math.ceil(limits["min"]), "max": math.floor(limits["max"])}
    size = abs(default or 1.0) or 1.0
    return {**limits, "step": 10.0 ** (math.floor(math.log10(size)) - 2)}
