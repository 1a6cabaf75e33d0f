"""Refining a label volume by hand: pure functions that answer with compact changes, and their history.

Every tool takes labels (z, y, x), looks only at the box that it needs, and returns a :class:`Change` (or
None where nothing would change). A :class:`History` applies, undoes and logs changes; a :class:`Journal`
keeps that log on disk, so that a crash costs at most the last stroke.
"""

from ssc_core.lung.refinement.agreement import agreement
from ssc_core.lung.refinement.brush import Brush, stroke
from ssc_core.lung.refinement.change import PLANES, Change, change_of
from ssc_core.lung.refinement.growing import grow
from ssc_core.lung.refinement.history import Action, History, audit_table
from ssc_core.lung.refinement.holes import fill_holes
from ssc_core.lung.refinement.interpolation import interpolate
from ssc_core.lung.refinement.islands import keep_largest, remove_island
from ssc_core.lung.refinement.journal import Journal, Recovered, recover, unsaved_actions
from ssc_core.lung.refinement.saving import save_verified
from ssc_core.lung.refinement.smoothing import smooth
from ssc_core.lung.refinement.split import split_sides
from ssc_core.lung.refinement.suspicion import suspicious_slices

__all__ = [
    "PLANES",
    "Action",
    "Brush",
    "Change",
    "History",
    "Journal",
    "Recovered",
    "agreement",
    "audit_table",
    "change_of",
    "fill_holes",
    "grow",
    "interpolate",
    "keep_largest",
    "recover",
    "remove_island",
    "save_verified",
    "smooth",
    "split_sides",
    "stroke",
    "suspicious_slices",
    "unsaved_actions",
]
