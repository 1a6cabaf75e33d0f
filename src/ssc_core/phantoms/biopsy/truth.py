"""What is true of a biopsy, taken from the drawing itself and never from the image."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ssc_core.phantoms.biopsy.paint import Window, label_ink, paint
from ssc_core.phantoms.biopsy.section import Section

__all__ = ["Truth", "measured_truth"]


@dataclass(frozen=True, slots=True)
class Truth:
    """Known answers of one biopsy.

    Attributes
    ----------
    fibrosis : float
        The knob.
    collagen_fraction : float
        Share of the dermis covered by collagen.
    bundle_thickness_um : float
        Mean width of the bundle on top, over the collagen of the reticular dermis.
    orientation_rad : float
        Mean direction of the reticular bundles, [0, pi) from +x towards -y.
    coherence : float
        Length of the mean doubled-angle vector over the same pixels: 1 all parallel, 0 no direction.
    dispersion_rad : float
        Circular standard deviation of the direction, ``sqrt(-2 ln coherence) / 2``.
    dermal_thickness_mm, dermis_mm2 : float
        Mean thickness and area of the dermis.
    nuclei_per_mm2 : float
        Nuclei whose centre lies in the dermis, per area; those of adnexa included.
    """

    fibrosis: float
    collagen_fraction: float
    bundle_thickness_um: float
    orientation_rad: float
    coherence: float
    dispersion_rad: float
    dermal_thickness_mm: float
    dermis_mm2: float
    nuclei_per_mm2: float

    def as_row(self) -> dict[str, float]:
        """One row of a table."""
        return asdict(self)


def measured_truth(section: Section, fibrosis: float) -> Truth:
    """Paint the labels of the dermis at 1 um and count."""
    low, high = section.dermis.min(0), section.dermis.max(0)
    height, width = np.ceil(high - low).astype(int).tolist()
    window = Window(float(low[0]), float(low[1]), height, width, 1.0)
    labels = paint(section, window, label_ink(section.bundles))[..., 0].astype(np.int32)
    dermis = np.zeros((height, width), np.uint8)
    cv2.fillPoly(dermis, [window.fixed(section.dermis)], 1, cv2.LINE_8, 4)
    inside = dermis > 0
    labels[~inside] = 0
    area = float(inside.sum()) / 1e6
    widths, directions = _reticular(section, labels, window)
    doubled = np.exp(2j * directions).mean()
    coherence = float(abs(doubled))
    cells = np.floor(section.dermal_cells[:, :2] - low).astype(int)
    cells = cells[((cells >= 0) & (cells < (height, width))).all(1)]
    return Truth(
        fibrosis=fibrosis,
        collagen_fraction=float((labels != 0).sum() / inside.sum()),
        bundle_thickness_um=float(widths.mean()),
        orientation_rad=float(np.mod(np.angle(doubled) / 2.0, np.pi)),
        coherence=coherence,
        dispersion_rad=math.sqrt(max(0.0, -2.0 * math.log(coherence))) / 2.0,
        dermal_thickness_mm=section.anatomy.dermal_thickness_um / 1000.0,
        dermis_mm2=area,
        nuclei_per_mm2=float(inside[cells[:, 0], cells[:, 1]].sum() / area),
    )


def _reticular(
    section: Section, labels: npt.NDArray[np.int32], window: Window, step: int = 2
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Width and direction of the bundle on top, at every second pixel of the reticular dermis."""
    sparse = labels[::step, ::step]
    rows, columns = np.nonzero(sparse > 0)
    ids = sparse[rows, columns]
    deep = section.bundles.reticular[ids - 1]
    rows, columns, ids = rows[deep], columns[deep], ids[deep]
    where = np.stack([window.y + rows * step + 0.5, window.x + columns * step + 0.5], -1)
    return section.bundles.width[ids - 1], section.bundles.direction_at(ids, where)
