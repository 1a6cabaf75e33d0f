"""A procedural chest CT in HU with known lungs, airway, levels and disease."""

from ssc_core.phantoms.chest.disease import DENSE, GROUND_GLASS, RETICULATION, Disease, Spread
from ssc_core.phantoms.chest.files import Position, write_dicom_series, write_nifti
from ssc_core.phantoms.chest.phantom import Chest, chest
from ssc_core.phantoms.chest.scene import Pose
from ssc_core.phantoms.chest.texture import Mesh
from ssc_core.phantoms.chest.truth import ChestPhantom, extent_table

__all__ = [
    "DENSE",
    "GROUND_GLASS",
    "RETICULATION",
    "Chest",
    "ChestPhantom",
    "Disease",
    "Mesh",
    "Pose",
    "Position",
    "Spread",
    "chest",
    "extent_table",
    "write_dicom_series",
    "write_nifti",
]
