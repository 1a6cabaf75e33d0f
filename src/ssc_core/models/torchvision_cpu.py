"""One way to torchvision, also where a CUDA build of it meets a CPU build of torch.

Such a pair fails to import because torchvision registers shape rules for two box operators that its binary
part would have defined. Their schemas are declared first in that one case; the operators themselves, which
nothing here uses, stay absent.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

__all__ = ["torchvision"]

_OPERATORS = ("nms", "qnms")
_DECLARED: list[Any] = []  # a torch.library.Library undoes its work when it is collected


@cache
def torchvision() -> Any:
    """The torchvision package.

    Raises
    ------
    ImportError
        As torchvision raises it, when it fails for any other reason.
    """
    try:
        return import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
    _declare_operators()
    return import_module("torchvision")


def _declare_operators() -> None:
    import sys

    import torch

    for name in [m for m in sys.modules if m == "torchvision" or m.startswith("torchvision.")]:
        del sys.modules[name]  # what the failed import left half made
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in _OPERATORS:
        if not hasattr(torch.ops.torchvision, name):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _DECLARED.append(library)
