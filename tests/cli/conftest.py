"""Good inputs for the command line's tests, small."""

from __future__ import annotations

from pathlib import Path

import pytest

from ssc_core.phantoms.biopsy import Biopsy, write_slide
from ssc_core.phantoms.chest import Chest, write_dicom_series, write_nifti
from ssc_core.phantoms.finger import FingerSpec, make_image, write_dicom, write_export


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One good input for each room, small."""
    folder = tmp_path_factory.mktemp("good")
    write_slide(Biopsy(1, 0.4, (1.2, 1.6)), folder / "slide.svs", mpp=1.5)
    phantom = Chest(1).render((10.0, 5.0, 5.0))
    write_nifti(folder / "ct.nii.gz", phantom)
    write_dicom_series(folder / "dicom", phantom)
    finger = make_image(FingerSpec(seed=1, spacing_mm=(0.5, 0.5)))
    write_dicom(finger, folder / "finger.dcm")
    write_export(finger, folder / "finger.png")
    return folder
