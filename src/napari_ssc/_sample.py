"""Three images to try: phantoms, built when first asked for and kept in the user's cache."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from napari_ssc._layers import LayerData, finger_layer, slide_layer, volume_layer

__all__ = ["biopsy", "chest", "finger"]


def biopsy() -> list[LayerData]:
    """A Masson's trichrome forearm biopsy at 1 um per pixel."""
    from ssc_core.io.slide import open_slide
    from ssc_core.phantoms.biopsy import Biopsy, write_slide

    path = _cached("biopsy.svs", lambda p: write_slide(Biopsy(7, 0.5, (1.6, 3.0)), p, mpp=1.0))
    return [slide_layer(open_slide(path), "trichrome biopsy")]


def chest() -> list[LayerData]:
    """A chest CT with ground glass and reticulation."""
    from ssc_core.io.volume import open_volume
    from ssc_core.phantoms.chest import GROUND_GLASS, Chest, Disease, write_nifti

    def write(path: Path) -> object:
        person = Chest(7, Disease(GROUND_GLASS))
        return write_nifti(path, person.render((4.0, 1.3, 1.3)))

    return [volume_layer(open_volume(_cached("chest.nii.gz", write)), "chest CT")]


def finger() -> list[LayerData]:
    """A finger with three calcinosis deposits, one of them on bone."""
    from ssc_core.io.image import open_finger
    from ssc_core.phantoms.finger import FingerSpec, make_image, write_dicom

    path = _cached("finger.dcm", lambda p: write_dicom(make_image(FingerSpec(seed=7)), p))
    return [finger_layer(open_finger(path), "finger CT")]


def _cached(name: str, write: Callable[[Path], object]) -> Path:
    """The phantom called `name`, made if this version of the project has not made it before."""
    import platformdirs

    import ssc_core

    base = Path(platformdirs.user_cache_dir("napari-ssc", appauthor=False)) / ssc_core.__version__
    path = base / name
    if not path.is_file():
        base.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=base) as work:
            fresh = Path(work) / name
            write(fresh)
            fresh.replace(path)
    return path
