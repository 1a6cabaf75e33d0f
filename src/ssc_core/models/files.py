"""Weight files of others as plain arrays. Nothing that could run code is ever loaded."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from ssc_core.errors import FormatError, InputError
from ssc_core.models.onnx_file import read_onnx

__all__ = ["read_arrays"]


def read_arrays(path: str | Path) -> dict[str, np.ndarray]:
    """All arrays of a weight file by name.

    Parameters
    ----------
    path : path-like
        ``.safetensors``, ``.npz``, ``.pth``/``.pt`` (state dict; read with ``weights_only``), or ``.onnx``
        (its initializers).

    Raises
    ------
    InputError
        If the file does not exist or is of another kind.
    FormatError
        If it is damaged, or holds more than plain arrays.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("there is no such file; name the file that holds the weights", source=path)
    readers = {
        ".safetensors": _safetensors,
        ".npz": _npz,
        ".pth": _torch,
        ".pt": _torch,
        ".onnx": read_onnx,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        known = ", ".join(readers)
        raise InputError(f"weights are read from {known}; convert this file to one of them", source=path)
    arrays = reader(path)
    if not arrays:
        raise FormatError("the file holds no weights; name another", source=path)
    return arrays


def _safetensors(path: Path) -> dict[str, np.ndarray]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return dict(load_file(path))
    except (SafetensorError, ValueError, TypeError) as error:
        raise FormatError("the file is damaged or not safetensors; get it again", source=path) from error


def _npz(path: Path) -> dict[str, np.ndarray]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise FormatError("the file is damaged, or holds more than plain arrays", source=path) from error


def _torch(path: Path) -> dict[str, np.ndarray]:
    import pickle

    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # remarks on the pickle protocol of old files
            state: Any = torch.load(path, map_location="cpu", weights_only=True)
    except (
        pickle.UnpicklingError,
        RuntimeError,
        EOFError,
        ValueError,
        LookupError,
        TypeError,
        OSError,
    ) as error:
        raise FormatError("the file is damaged, or holds more than plain weights", source=path) from error
    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(state, dict) and isinstance(state.get(key), dict):
            state = state[key]
    if not isinstance(state, dict) or not all(hasattr(v, "numpy") for v in state.values()):
        raise FormatError(
            "the file holds no state dict; save model.state_dict() and import that", source=path
        )
    return {str(name).removeprefix("module."): tensor.numpy() for name, tensor in state.items()}
