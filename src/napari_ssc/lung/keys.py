"""The shortcuts of the lung panel. None of them means anything in napari, but for undo and redo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["KEYS", "bind", "unbind"]

KEYS = {
    "axial": "F2",
    "coronal": "F3",
    "sagittal": "F4",
    "lung": "F5",
    "mediastinum": "F6",
    "bone": "F7",
    "wide": "F8",
    "brush": "Q",
    "hu limit": "H",
    "next suspicious": "N",
    "next level": "J",
    "approve": "K",
    "undo": "Control-Z",
    "redo": "Control-Shift-Z",
}
"""What is done -> key, as napari names it. They work while the pointer is over the canvas."""


def bind(target: Any, actions: dict[str, Callable[[], Any]]) -> None:
    """Bind the keys of `actions` on a viewer or layer."""
    for name, do in actions.items():
        target.bind_key(KEYS[name], _press(do), overwrite=True)


def unbind(target: Any, names: Any) -> None:
    """Take the keys off again."""
    for name in names:
        target.bind_key(KEYS[name], None, overwrite=True)


def _press(do: Callable[[], Any]) -> Callable[[Any], None]:
    def pressed(_target: Any) -> None:
        do()

    return pressed
