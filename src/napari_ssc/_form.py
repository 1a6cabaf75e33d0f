"""Forms made from the core's own declarations, each row with its unit, bounds and help."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from magicgui.widgets import Container, create_widget
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QAbstractSpinBox

from ssc_core.params import parsed, unit_of

__all__ = ["Form"]

_LARGEST = 2**31 - 1


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
        rows = [_row(name, field) for name, field in fields.items()]
        self.container = Container(widgets=rows, labels=True, scrollable=False)
        self.container.native.setObjectName(model.__name__)
        self._exact: dict[str, tuple[Any, Any]] = {}
        self._calm = _Calm(self.container.native)
        for box in self.container.native.findChildren(QAbstractSpinBox):
            box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            box.installEventFilter(self._calm)
        self.reset()

    def __iter__(self) -> Iterator[Any]:
        return iter(self.container)

    def __getitem__(self, name: str) -> Any:
        return self.container[name]

    def reset(self) -> None:
        """Back to the defaults."""
        defaults = {n: f.default for n, f in self.model.model_fields.items() if not f.is_required()}
        for widget in self.container:
            if defaults.get(widget.name) is None and widget.name in self._optional:
                widget.value = ""
        self.fill(defaults)

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

    def fill(self, values: Mapping[str, Any]) -> None:
        """Set the form from saved values, as a run record holds them; unknown names are ignored."""
        for widget in self.container:
            value = values.get(widget.name)
            if value is None:
                continue
            exact = value
            if isinstance(value, list | tuple):
                value = ", ".join(f"{v:g}" for v in value)
            widget.value = str(value) if isinstance(widget.value, str) else value
            self._exact[widget.name] = (widget.value, exact)

    def _said(self, widget: Any) -> Any:
        # A spin box rounds what it shows: as long as nobody touched it, the exact value counts.
        shown, exact = self._exact.get(widget.name, (None, None))
        if shown is not None and widget.value == shown:
            return exact
        several = get_origin(_plain_type(self.model.model_fields[widget.name].annotation)) is tuple
        return [p for p in widget.value.replace(",", " ").split() if p] if several else widget.value


class _Calm(QObject):
    """Keeps the mouse wheel from changing a number while somebody only scrolls past it."""

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Refuse the wheel unless the box was clicked into."""
        if event.type() == QEvent.Type.Wheel and not watched.hasFocus():
            event.ignore()
            return True
        return False


def _row(name: str, field: FieldInfo) -> Any:
    unit = unit_of(field)
    kind = _plain_type(field.annotation)
    default = None if field.is_required() else field.default
    options: dict[str, Any] = {"tooltip": field.description or ""}
    if kind in (int, float) and NoneType not in get_args(field.annotation):
        options |= _bounds(field, kind, default)
    elif kind in (int, float) or get_origin(kind) is tuple or kind is Path:
        kind, default = str, ""  # empty means "not given"; several numbers stand in one line
    elif kind is str and default is None:
        default = ""
    label = _label(name, unit)
    extra = {} if default is None else {"value": default}
    return create_widget(annotation=kind, name=name, label=label, options=options, **extra)


def _label(name: str, unit: str) -> str:
    """A name for people: its unit stands in brackets once, not at the end of the name as well."""
    words = name.split("_")
    if len(words) > 1 and words[-1] == {"%": "percent"}.get(unit, unit.lower()):
        words = words[:-1]
    return " ".join(words) + (f" ({unit})" if unit else "")


def _plain_type(annotation: Any) -> Any:
    """The type without ``None``."""
    if get_origin(annotation) in (Union, UnionType):
        return next(a for a in get_args(annotation) if a is not NoneType)
    return annotation


def _bounds(field: FieldInfo, kind: type, default: Any) -> dict[str, Any]:
    """Spin box limits and step; an open bound stays open."""
    limits = {"min": -1e6, "max": float(_LARGEST)}
    for rule in field.metadata:
        for side, names in {"min": ("ge", "gt"), "max": ("le", "lt")}.items():
            for name in names:
                if getattr(rule, name, None) is not None:
                    limits[side] = getattr(rule, name)
    if kind is int:
        return {"min": math.ceil(limits["min"]), "max": math.floor(limits["max"])}
    size = abs(default or 1.0) or 1.0
    return {**limits, "step": 10.0 ** (math.floor(math.log10(size)) - 1)}
