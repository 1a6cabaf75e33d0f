"""A finger in dual-energy CT with known bones, deposits and areas: ``make_image(FingerSpec(...))``."""

from ssc_core.phantoms.finger.files import to_grey, write_dicom, write_export
from ssc_core.phantoms.finger.phantom import FingerPhantom, make_hand, make_image, make_volume
from ssc_core.phantoms.finger.spec import FingerSpec, drawn_spec

__all__ = [
    "FingerPhantom",
    "FingerSpec",
    "drawn_spec",
    "make_hand",
    "make_image",
    "make_volume",
    "to_grey",
    "write_dicom",
    "write_export",
]
