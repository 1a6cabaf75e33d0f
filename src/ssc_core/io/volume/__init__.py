"""CT volumes: opened lazily, in HU, in one orientation, with an exact way back to the file's own frame."""

from ssc_core.io.volume.opening import open_volume
from ssc_core.io.volume.orientation import ItkGeometry
from ssc_core.io.volume.plausible import check_hu
from ssc_core.io.volume.resampling import resampled
from ssc_core.io.volume.rule import SeriesChoice, check_rule, choose_series
from ssc_core.io.volume.series import Series, list_series
from ssc_core.io.volume.source import write_nifti
from ssc_core.io.volume.volume import Volume, volume_from_array
from ssc_core.io.volume.zarrfile import to_zarr

__all__ = [
    "ItkGeometry",
    "Series",
    "SeriesChoice",
    "Volume",
    "check_hu",
    "check_rule",
    "choose_series",
    "list_series",
    "open_volume",
    "resampled",
    "to_zarr",
    "volume_from_array",
    "write_nifti",
]
