"""Weights and checkpoints as safetensors, with their facts as JSON in the file's header. Never a pickle."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ssc_core.errors import FormatError, InputError, OutputError

__all__ = ["facts_of", "read_state", "replace_file", "write_state"]

_KEY = "ssc"  # one key: the order of several would not be the same every time


def write_state(path: Path, tensors: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
    """Write tensors and facts as one file that appears whole or not at all.

    Parameters
    ----------
    path : Path
        ``.safetensors``.
    tensors : mapping of str to torch.Tensor
        On any device.
    facts : mapping
        What JSON can hold.

    Raises
    ------
    OutputError
        If it cannot be written; an earlier file stays.
    """
    from safetensors.torch import save

    plain = {name: t.detach().to("cpu", copy=True).contiguous() for name, t in tensors.items()}
    text = json.dumps(facts, sort_keys=True, ensure_ascii=False, allow_nan=True)
    replace_file(path, save(plain, metadata={_KEY: text}))


def read_state(path: str | Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Tensors and facts of a file; the facts are empty where another program wrote it.

    Raises
    ------
    InputError
        If there is no such file.
    FormatError
        If it is damaged.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    facts = facts_of(path)
    try:
        return dict(load_file(path)), facts
    except (SafetensorError, OSError) as error:
        raise FormatError("the weights are damaged; get or train them again", source=path) from error


def facts_of(path: str | Path) -> dict[str, Any]:
    """Facts of a file without its tensors; see :func:`read_state`."""
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    if not path.is_file():
        raise InputError("there is no such file; name a .safetensors file", source=path)
    try:
        with safe_open(path, framework="np") as file:
            text = (file.metadata() or {}).get(_KEY, "{}")
        facts = json.loads(text)
    except (SafetensorError, OSError, ValueError) as error:
        raise FormatError("the file is damaged or not safetensors; get it again", source=path) from error
    if not isinstance(facts, dict):
        raise FormatError("the facts in the file's header are damaged; get it again", source=path)
    return facts


def replace_file(path: Path, content: bytes) -> None:
    """Put `content` where `path` is, whole or not at all.

    Raises
    ------
    OutputError
        If it cannot be written; an earlier file stays.
    """
    fresh = path.with_name(f".{path.name}.partial")
    try:
        with fresh.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        reason = (error.strerror or "unknown reason").lower()
        raise OutputError(
            f"the training cannot be saved here ({reason}); make room, then run the same command to go on",
            source=path.parent,
        ) from error
