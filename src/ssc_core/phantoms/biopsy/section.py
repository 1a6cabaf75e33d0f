"""One biopsy as a drawing: every outline of the section in slide micrometres, in painting order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ssc_core.phantoms.biopsy.adnexa import build_adnexa, build_fat, build_tears
from ssc_core.phantoms.biopsy.anatomy import Anatomy, build_anatomy
from ssc_core.phantoms.biopsy.cells import dermal_nuclei, epidermal_nuclei, placed
from ssc_core.phantoms.biopsy.collagen import BundleLaw, Bundles, build_bundles
from ssc_core.phantoms.biopsy.noise import Curve
from ssc_core.phantoms.biopsy.shapes import CORNEUM, EPITHELIUM, Shapes
from ssc_core.seeds import seed_of

__all__ = ["Section", "build_section"]

FloatArray = npt.NDArray[np.float64]
BASAL = (0.05, 0.66, 0.72)
SEPTA = (0.26, 0.10, 0.02)
CLEFT = (0.05, 0.025, 0.006)


@dataclass(frozen=True, slots=True)
class Section:
    """What the painter paints.

    Attributes
    ----------
    anatomy : Anatomy
        The layers.
    law : BundleLaw
        What the knob asked of the bundles.
    bundles : Bundles
        Collagen of the dermis; cut off at `dermis`.
    tissue, dermis : (n, 2)
        Outlines in slide um, (y, x).
    fat, adnexa, dermal_cells, epidermis, epidermal_cells, tears
        What is painted before the dermis, over it, and last. Cells are (n, 5): y, x, semi-axes, angle.
    """

    anatomy: Anatomy
    law: BundleLaw
    bundles: Bundles
    tissue: FloatArray
    dermis: FloatArray
    fat: Shapes
    adnexa: Shapes
    dermal_cells: FloatArray
    epidermis: Shapes
    epidermal_cells: FloatArray
    tears: Shapes

    @property
    def reach(self) -> tuple[float, float, float, float]:
        """Bounding box of the tissue: y0, x0, y1, x1 in um."""
        parts = np.concatenate([self.tissue, *self.epidermis.outlines])
        return (*map(float, parts.min(0)), *map(float, parts.max(0)))  # type: ignore[return-value]


def build_section(seed: int, fibrosis: float, size_mm: tuple[float, float]) -> Section:
    """Draw the biopsy that belongs to `seed`; every part has its own random stream."""

    def rng(part: str) -> np.random.Generator:
        return np.random.default_rng(seed_of(seed, "biopsy phantom", part))

    anatomy = build_anatomy(rng("layers"), fibrosis, size_mm)
    law = BundleLaw.of(fibrosis, rng("law"))
    bundles = build_bundles(rng("bundles"), anatomy, law)
    adnexa = build_adnexa(rng("adnexa"), anatomy)
    cells = rng("cells")
    per_mm2 = float(np.exp(cells.normal(np.log(420.0), 0.22)))
    dermal = np.concatenate([
        placed(anatomy, dermal_nuclei(cells, anatomy, per_mm2, fibrosis)), placed(anatomy, adnexa.nuclei),
    ])  # fmt: skip
    return Section(
        anatomy=anatomy,
        law=law,
        bundles=bundles,
        tissue=anatomy.tilt(anatomy.band(anatomy.granular, anatomy.fat_end)),
        dermis=anatomy.tilt(anatomy.band(anatomy.junction, anatomy.bottom)),
        fat=build_fat(rng("fat"), anatomy),
        adnexa=adnexa.shapes(anatomy),
        dermal_cells=dermal,
        epidermis=_epidermis(rng("corneum"), anatomy),
        epidermal_cells=placed(anatomy, epidermal_nuclei(rng("keratinocytes"), anatomy)),
        tears=build_tears(rng("tears"), anatomy),
    )


def _epidermis(rng: np.random.Generator, anatomy: Anatomy) -> Shapes:
    """Living epidermis with a darker basal layer, and the lamellae of the corneum above it."""
    basal = np.maximum(anatomy.junction - 10.0, anatomy.granular + 4.0)
    items = [
        (anatomy.tilt(anatomy.band(anatomy.granular, anatomy.junction)), EPITHELIUM),
        (anatomy.tilt(anatomy.band(basal, anatomy.junction)), BASAL),
    ]
    thickness = anatomy.granular - anatomy.surface
    x = anatomy.x
    for k in range(4):
        upper = anatomy.granular - thickness * (k + 1) / 4.0 * (
            1.0 + 0.25 * k * np.maximum(Curve(rng, 500.0)(x), -0.5)
        )
        lower = upper + thickness / 4.0 * np.clip(1.05 - 0.18 * k + 0.12 * Curve(rng, 60.0)(x), 0.25, None)
        tone = 1.0 - 0.1 * k
        items.append((anatomy.tilt(anatomy.band(upper, lower)), (CORNEUM[0], CORNEUM[1] * tone, CORNEUM[2])))
    return Shapes.of(items)
