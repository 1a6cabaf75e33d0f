"""How one slide was stained and scanned: what varies from laboratory to laboratory, and is not disease."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

__all__ = ["HAEMATOXYLIN_EOSIN", "MASSON", "ScannerSpec", "StainSpec"]

Vectors = tuple[tuple[float, float, float], ...]

# Absorption in (R, G, B) of the collagen, the cytoplasm and the nuclear dye. Aniline blue and ponceau fuchsin
# lie near the values that Fiji and scikit-image publish for Masson's trichrome.
_MASSON: Vectors = ((0.82, 0.50, 0.17), (0.13, 0.75, 0.65), (0.62, 0.68, 0.40))
_HE: Vectors = ((0.16, 0.82, 0.48), (0.18, 0.84, 0.52), (0.65, 0.70, 0.29))


@dataclass(frozen=True, slots=True)
class StainSpec:
    """The dyes of one slide.

    Parameters
    ----------
    vectors : three triples
        Absorption in (R, G, B) per unit of dye: collagen, cytoplasm, nuclei. Natural logarithm.
    strength : triple of float
        Relative amount of each dye (section thickness, time in the bath).
    differentiation : float
        How far the slide was differentiated by eye, as laboratories do: 1 brings the dermis of every slide to
        the same mean tone (before `strength`), 0 leaves the tone to the amount of collagen.
    unevenness : float
        Relative standard deviation of the dye over the section.
    """

    vectors: Vectors = _MASSON
    strength: tuple[float, float, float] = (1.0, 1.0, 1.0)
    differentiation: float = 1.0
    unevenness: float = 0.10

    def varied(self, rng: np.random.Generator, amount: float = 1.0) -> StainSpec:
        """Another slide of the same protocol: hue, strength, unevenness drawn; `amount` scales the spread."""
        shift = rng.normal(0.0, 0.025 * amount, (3, 3))
        vectors = np.clip(np.asarray(self.vectors) + shift, 0.02, None)
        strength = np.asarray(self.strength) * np.exp(rng.normal(0.0, (0.20, 0.18, 0.14)) * amount)
        return replace(
            self,
            vectors=tuple((float(r), float(g), float(b)) for r, g, b in vectors),
            strength=(float(strength[0]), float(strength[1]), float(strength[2])),
            unevenness=float(rng.uniform(0.06, 0.14)),
        )

    @property
    def matrix(self) -> npt.NDArray[np.float32]:
        """(3, 3) absorption: column ``j`` is the colour of one unit of dye ``j``, `strength` included."""
        columns = np.asarray(self.vectors).T * np.asarray(self.strength)
        return np.asarray(columns, np.float32)


@dataclass(frozen=True, slots=True)
class ScannerSpec:
    """The scanner of one slide.

    Parameters
    ----------
    white : triple of float
        Grey value of empty glass in (R, G, B), 0-255.
    gamma : float
        Exponent on the transmitted light; 1 is linear.
    blur_um : float
        Standard deviation of the point spread.
    noise : float
        Standard deviation of the sensor noise in grey values.
    jpeg_quality : int
        Quality of the tiles in a written slide.
    """

    white: tuple[float, float, float] = (243.0, 243.0, 242.0)
    gamma: float = 1.0
    blur_um: float = 0.35
    noise: float = 1.5
    jpeg_quality: int = 85

    def varied(self, rng: np.random.Generator, amount: float = 1.0) -> ScannerSpec:
        """Another scanner, or the same one on another day."""
        white = np.clip(np.asarray(self.white) + rng.normal(0.0, 3.0 * amount, 3), 225.0, 252.0)
        return replace(
            self,
            white=(float(white[0]), float(white[1]), float(white[2])),
            gamma=float(np.exp(rng.normal(0.0, 0.06 * amount))),
            blur_um=float(self.blur_um * np.exp(rng.normal(0.0, 0.25 * amount))),
            jpeg_quality=int(rng.integers(78, 92)),
        )

    def blurred(self, blur_um: float = 12.0) -> ScannerSpec:
        """The same scanner out of focus."""
        return replace(self, blur_um=blur_um)


MASSON = StainSpec()
"""Masson's trichrome with aniline blue: collagen blue, epithelium and muscle red, nuclei near black."""

HAEMATOXYLIN_EOSIN = StainSpec(vectors=_HE, strength=(0.75, 0.8, 0.9))
"""Haematoxylin and eosin on the same tissue: collagen and epithelium pink, nuclei blue."""
