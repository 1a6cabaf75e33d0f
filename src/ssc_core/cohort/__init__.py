"""Many cases: a manifest in, one dask graph, a results table out; resumable, failures listed apart."""

from ssc_core.cohort.manifest import read_manifest, write_manifest
from ssc_core.cohort.rooms import ROOMS, Room, room
from ssc_core.cohort.run import BatchOutcome, run_batch

__all__ = ["ROOMS", "BatchOutcome", "Room", "read_manifest", "room", "run_batch", "write_manifest"]
