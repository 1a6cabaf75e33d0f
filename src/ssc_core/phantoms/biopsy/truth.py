"""What is true of a biopsy, taken from the drawing itself and never from the image."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import cv2
import numpy as np

from ssc_core.phantoms.biopsy.paint import Window, label_ink, paint
from ssc_core.phantoms.biopsy.section import Section

__all__ = ["Truth", "measured_truth"]

_PX = 1.0


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
    """Paint the labels of the whole section at 1 um and count."""
    height, width = (math.ceil(s / _PX) for s in section.anatomy.size_um)
    window = Window(0.0, 0.0, height, width, _PX)
    labels = paint(section, window, label_ink(section.bundles))[..., 0].astype(np.int32)
    dermis = np.zeros((height, width), np.uint8)
    cv2.fillPoly(dermis, [window.fixed(section.dermis)], 1, cv2.LINE_8, 4)
    inside = dermis > 0
    labels[~inside] = 0
    on = labels > 0
    reticular = np.zeros_like(on)
    reticular[on] = section.bundles.reticular[labels[on] - 1]
    widths = section.bundles.width[labels[reticular] - 1]
    rows, columns = np.nonzero(reticular)
    where = np.stack([(rows + 0.5) * _PX, (columns + 0.5) * _PX], -1)
    doubled = np.exp(2j * section.bundles.direction_at(labels[reticular], where)).mean()
    coherence = float(abs(doubled))
    y, x = section.dermal_cells[:, 0], section.dermal_cells[:, 1]
    rows = np.clip((y / _PX).astype(int), 0, height - 1)
    columns = np.clip((x / _PX).astype(int), 0, width - 1)
    area = float(inside.sum()) * _PX**2 / 1e6
    return Truth(
        fibrosis=fibrosis,
        collagen_fraction=float((labels != 0).sum() / inside.sum()),
        bundle_thickness_um=float(widths.mean()),
        orientation_rad=float(np.mod(np.angle(doubled) / 2.0, np.pi)),
        coherence=coherence,
        dispersion_rad=math.sqrt(max(0.0, -2.0 * math.log(coherence))) / 2.0,
        dermal_thickness_mm=section.anatomy.dermal_thickness_um / 1000.0,
        dermis_mm2=area,
        nuclei_per_mm2=float(inside[rows, columns].sum() / area),
    )
