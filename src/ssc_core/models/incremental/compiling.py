"""A function compiled by torch where that works, else as it is; and which of the two it was."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from typing import Any

__all__ = ["Compiled"]

_COMPILERS = ("c++", "g++", "clang++", "cl")


class Compiled:
    """`function`, compiled at its first call for inputs of any shape.

    Attributes
    ----------
    note : str
        Why it is not compiled, "" as long as it is.
    """

    def __init__(self, function: Callable[..., Any], *, cuda: bool) -> None:
        import torch

        self._plain, self._fused = function, None
        self.note = ""
        if not cuda and not any(map(shutil.which, (os.environ.get("CXX", "c++"), *_COMPILERS))):
            self.note = "no C++ compiler was found, so nothing was compiled"
        else:
            self._fused = torch.compile(function, dynamic=True)

    def __call__(self, *inputs: Any) -> Any:
        """The function's result."""
        if self._fused is None:
            return self._plain(*inputs)
        try:
            return self._fused(*inputs)
        except RuntimeError as error:  # as all errors of the compiler are; any other comes again
            self._fused = None
            self.note = f"compiling failed ({type(error).__name__}), so nothing was compiled"
            return self._plain(*inputs)
