"""A Masson's trichrome skin biopsy whose collagen is known, as an image, a slide and a cohort."""

from ssc_core.phantoms.biopsy.biopsy import Biopsy
from ssc_core.phantoms.biopsy.cohort import ANALYSIS_MPP, cohort, cohort_biopsy, write_cohort
from ssc_core.phantoms.biopsy.slide import Placed, write_slide
from ssc_core.phantoms.biopsy.stain import HAEMATOXYLIN_EOSIN, MASSON, ScannerSpec, StainSpec
from ssc_core.phantoms.biopsy.truth import Truth
from ssc_core.phantoms.biopsy.variants import Flat, as_blurred, as_he

__all__ = [
    "ANALYSIS_MPP", "HAEMATOXYLIN_EOSIN", "MASSON", "Biopsy", "Flat", "Placed", "ScannerSpec", "StainSpec",
    "Truth", "as_blurred", "as_he", "cohort", "cohort_biopsy", "write_cohort", "write_slide",
]  # fmt: skip
