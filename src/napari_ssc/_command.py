"""A run of a panel as the equal command of the shell."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from ssc_core.params import Params

__all__ = ["command_of"]


def command_of(room: str, image: str, case: BaseModel, params: Params, drawn: Mapping[str, Any]) -> str:
    """``ssc ROOM analyse IMAGE ... -o RESULT`` with everything that is not the default.

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
    drawn : mapping
        Option -> layer that was handed in, or None. Such a layer has to be saved as a file of its own first;
        the command names the file as the layer is called.
    """
    usual = {n: f.default for n, f in type(case).model_fields.items()} | {"case_id": "case"}
    said = {name: value for name, value in case if name != image and value != usual[name]}
    said |= {
        _OPTIONS.get((room, n), n): f"{layer.name}{_ENDINGS[room]}" for n, layer in drawn.items() if layer
    }
    defaults = type(params)()
    said |= {name: value for name, value in params if value != getattr(defaults, name)}
    words = ["ssc", room, "analyse", str(getattr(case, image))]
    for name, value in said.items():
        words += _option(name.replace("_", "-"), value)
    return shlex.join([*words, "-o", f"{room}-result"])


_OPTIONS = {("skin", "mask"): "roi", ("lung", "mask"): "mask", ("calcinosis", "mask"): "bones"}
_ENDINGS = {"skin": ".geojson", "lung": ".nii.gz", "calcinosis": ".ome.zarr"}


def _option(name: str, value: Any) -> list[str]:
    if isinstance(value, bool):
        return [f"--{name}" if value else f"--no-{name}"]
    if isinstance(value, tuple):
        return [f"--{name}={v}" for v in value]
    return [f"--{name}={value}"]
