"""A run of a panel as the equal command of the shell."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from ssc_core.params import Params

__all__ = ["command_of", "line_of", "options_of"]


def command_of(
    room: str,
    image: str,
    case: BaseModel,
    params: Params,
    files: Mapping[str, Path],
    out: str = "",
    *,
    verb: str = "analyse",
    more: Mapping[str, Any] | None = None,
) -> str:
    """``ssc ROOM VERB IMAGE ... -o RESULT`` with everything that is not the default.

    Parameters
    ----------
    room : str
        "skin", "lung" or "calcinosis".
    image : str
        Name of the case's field that is the command's argument.
    case : pydantic model
        The manifest row that opened the image.
    params : Params
        The parameters.
    files : mapping
        Field of the case -> file of what was drawn in its place.
    out : str
        Folder of the result.
    verb : str
        The command of the room.
    more : mapping, optional
        Further options of it.
    """
    defaults = type(params)()
    said = options_of(case.model_copy(update=dict(files)), image)
    said |= {name: value for name, value in params if value != getattr(defaults, name)}
    said |= more or {}
    together = {n for n, f in type(params).model_fields.items() if Ellipsis not in get_args(f.annotation)}
    words = ["ssc", room, verb, str(getattr(case, image))]
    return line_of(words, said, out or f"{room}-{'result' if verb == 'analyse' else verb}", together)


def options_of(case: BaseModel, image: str) -> dict[str, Any]:
    """What a case says beyond its image and the defaults, as options."""
    usual = {n: f.default for n, f in type(case).model_fields.items()} | {"case_id": "case"}
    return {name: value for name, value in case if name != image and value != usual[name]}


def line_of(
    words: Sequence[str], options: Mapping[str, Any], out: str, together: Collection[str] = ()
) -> str:
    """A line for the shell; options that take several numbers at once are named in `together`."""
    written = [w for name, value in options.items() for w in _option(name, value, name in together)]
    return shlex.join([*words, *written, "-o", out])


def _option(name: str, value: Any, together: bool) -> list[str]:
    name = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{name}" if value else f"--no-{name}"]
    if isinstance(value, tuple) and together:
        return [f"--{name}", *map(str, value)]
    if isinstance(value, tuple):
        return [f"--{name}={v}" for v in value]
    return [f"--{name}={value}"]
