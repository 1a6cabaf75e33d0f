"""Is this slide a Masson's trichrome at all? A question of colour, answered with a flag and its evidence.

The score means something on trichrome only. Two signs are looked at, at 1.76 um per pixel:

- a *fibre dye*: pixels whose red light is absorbed clearly more than the green. Aniline blue and light green
  do that, haematoxylin does not;
- otherwise (sections with little collagen) the *line of colours*: from the reddest to the bluest tissue, the
  share of green in the optical density hardly changes in a trichrome (red dyes and blue dye absorb green
  alike), whereas from eosin to haematoxylin it falls; and the bluest tissue is not darker than the reddest,
  as nuclei would be.

The limits were set on two slides of skin and tumour and one field in H&E, two trichrome fields of liver and
published dye vectors: few. Hence nothing is refused or dropped because of this test.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ssc_core.skin.stain import Rgb, Vector, optical_density

__all__ = ["TRICHROME_MPP", "TrichromeCheck", "check_trichrome"]

TRICHROME_MPP = 1.762
"""Pixel size, in um, at which the colours are judged."""

_MIN_FIBRE = 0.05
_MAX_SLOPE = 0.25
_MIN_BLUE = 0.10
_MAX_DARKER = 1.4


@dataclass(frozen=True)
class TrichromeCheck:
    """Whether the colours fit a Masson's trichrome, and what was seen.

    Parameters
    ----------
    likely : bool
        Whether they fit.
    fibre_share : float
        Share of the tissue in which red light is absorbed at least 1.1 times as much as green light.
    green_slope : float
        Loss of green share of the optical density per gain in (red - blue) share, from the reddest to the
        bluest 3 % of the tissue.
    blue_end : float
        (red - blue) share of the optical density of the bluest tissue.
    blue_darkness : float
        Optical density of the bluest tissue over that of the reddest.
    """

    likely: bool
    fibre_share: float
    green_slope: float
    blue_end: float
    blue_darkness: float

    def __str__(self) -> str:
        verdict = "colours fit a trichrome" if self.likely else "not a trichrome"
        return (
            f"{verdict} (fibre dye on {self.fibre_share:.1%} of the tissue,"
            f" slope of green {self.green_slope:.2f})"
        )


def check_trichrome(rgb: Rgb, white: Vector) -> TrichromeCheck:
    """Judge the colours of tissue.

    Parameters
    ----------
    rgb : (..., 3) uint8 array
        Pixels of about 1.76 um; glass is ignored.
    white : (float, float, float)
        Grey values of empty glass.

    Returns
    -------
    TrichromeCheck
        With NaN and ``likely=False`` when there is no stained tissue.
    """
    od = optical_density(rgb.reshape(-1, 3), white)
    od = od[od.sum(axis=1) > 0.3]
    if len(od) < 100:
        return TrichromeCheck(False, np.nan, np.nan, np.nan, np.nan)
    fibre = float((od[:, 0] > 1.1 * od[:, 1]).mean())
    total = od.sum(axis=1)
    share: npt.NDArray[np.float64] = od.astype(float) / total[:, None]
    blueness = share[:, 0] - share[:, 2]
    low, high = np.percentile(blueness, [3, 97])
    red_end, blue_end = blueness <= low, blueness >= high
    red, blue = np.median(share[red_end], axis=0), np.median(share[blue_end], axis=0)
    reach = float((blue[0] - blue[2]) - (red[0] - red[2]))
    slope = float((red[1] - blue[1]) / max(reach, 1e-6))
    darker = float(total[blue_end].mean() / total[red_end].mean())
    blue_at = float(blue[0] - blue[2])
    line = slope <= _MAX_SLOPE and blue_at >= _MIN_BLUE and darker <= _MAX_DARKER and reach >= 0.1
    return TrichromeCheck(fibre >= _MIN_FIBRE or line, fibre, slope, blue_at, darker)
