"""How many threads one analysis may use. Results do not depend on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["threads_limited"]


@contextmanager
def threads_limited(number: int) -> Iterator[None]:
    """Within it, numerical libraries and dask keep to `number` threads; 0 changes nothing.

    The libraries' settings belong to the whole process: runs that overlap share the limit.
    """
    if number == 0:
        yield
        return
    import dask
    import SimpleITK as sitk
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    before = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(number)
    try:
        with threadpool_limits(number), dask.config.set(num_workers=number):
            yield
    finally:
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(before)
