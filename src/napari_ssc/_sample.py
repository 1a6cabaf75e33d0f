"""Three images to try: phantoms, built when first asked for and kept in the user's cache."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from napari_ssc._layers import LayerData

__all__ = ["biopsy", "chest", "finger"]


def biopsy() -> list[LayerData]:
    """A Masson's trichrome forearm biopsy at 1 um per pixel."""
    from napari_ssc._opening import open_slide
    from ssc_core.phantoms.biopsy import Biopsy, write_slide
    from ssc_core.skin.case import SkinCase

    path = _cached("biopsy.svs", lambda p: write_slide(Biopsy(7, 0.5, (1.6, 3.0)), p, mpp=1.0))
    return [open_slide(SkinCase(case_id="case", slide=path), name="trichrome biopsy")]


def chest() -> list[LayerData]:
    """A chest CT with ground glass and reticulation."""
    from napari_ssc._opening import open_ct
    from ssc_core.lung.case import LungCase
    from ssc_core.phantoms.chest import Chest, Disease, write_nifti

    def write(path: Path) -> object:
        person = Chest(7, Disease(ground_glass=0.12, reticulation=0.08))
        return write_nifti(path, person.render((4.0, 1.3, 1.3)))

    path = _cached("chest.nii.gz", write)
    return [open_ct(LungCase(case_id="case", ct=path), name="chest CT")]


def finger() -> list[LayerData]:
    """A finger with four calcinosis deposits, two of them on bone."""
    from napari_ssc._opening import open_finger
    from ssc_core.calcinosis.case import CalcinosisCase
    from ssc_core.phantoms.finger import FingerSpec, make_image, write_dicom

    spec = FingerSpec(7, areas_mm2=(18.0, 8.0, 4.0, 1.5), touching=(True, False, True, False))
    path = _cached("finger.dcm", lambda p: write_dicom(make_image(spec), p))
    return [open_finger(CalcinosisCase(case_id="case", image=path), name="finger CT")]


def _cached(name: str, write: Callable[[Path], object]) -> Path:
    """The phantom called `name`, made if this version of the project has not made it before."""
    import platformdirs

    import ssc_core

    base = Path(platformdirs.user_cache_dir("napari-ssc", appauthor=False)) / str(ssc_core.__version__)
    path = base / name
    if not path.is_file():
        base.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=base) as work:
            fresh = Path(work) / name
            write(fresh)
            fresh.replace(path)
    return path
