"""Where and with which arithmetic a network runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from ssc_core.errors import InputError

__all__ = ["arithmetic", "device_of", "seeded"]


def device_of(name: str) -> Any:
    """The torch device called `name`; ``auto`` is the first CUDA device, or the CPU.

    Raises
    ------
    InputError
        If it is not on this machine.
    """
    import torch

    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(name)
    there = {
        "cpu": 1,
        "cuda": torch.cuda.device_count() if torch.cuda.is_available() else 0,
        "mps": int(torch.backends.mps.is_available()),
    }[device.type]
    if (device.index or 0) >= there:
        raise InputError(f"there is no device {name} on this machine; choose --device cpu or auto")
    return device


def arithmetic(precision: str, device: Any) -> Any:
    """Context in which a network computes in `precision`.

    Raises
    ------
    InputError
        For float16 on a CPU.
    """
    import torch

    if precision == "float16" and device.type != "cuda":
        raise InputError("float16 needs a CUDA device; choose --precision float32 or bfloat16")
    short = precision != "float32"
    return torch.autocast(device.type, dtype=getattr(torch, precision) if short else None, enabled=short)


@contextmanager
def seeded(seed: int, device: Any) -> Iterator[None]:
    """Seed torch's generators inside the block, and give them back as they were.

    Dropout and initial weights draw from generators that belong to the process, so nothing else should draw
    from them at the same time.
    """
    import torch

    with ExitStack() as stack:
        stack.enter_context(torch.random.fork_rng([device] if device.type == "cuda" else []))
        if device.type == "cuda":
            stack.enter_context(torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True))
        torch.manual_seed(seed)
        yield
