"""Patches of slides: physical size first, seeded sampling, planned reading."""

from ssc_core.tiles.fields import Fields
from ssc_core.tiles.reading import iter_fields, read_fields
from ssc_core.tiles.sampling import sample_fields
from ssc_core.tiles.spec import SKIN, Plan, TileSpec

__all__ = ["SKIN", "Fields", "Plan", "TileSpec", "iter_fields", "read_fields", "sample_fields"]
