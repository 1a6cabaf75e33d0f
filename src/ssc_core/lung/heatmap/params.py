"""Parameters of heat maps, each declared once."""

from __future__ import annotations

from typing import Annotated, Literal

from ssc_core.errors import InputError
from ssc_core.lung.goh.params import GohParams
from ssc_core.params import quantity

__all__ = ["HeatmapParams", "Mode", "Replacement"]

Mode = Literal["exact", "fast"]
Replacement = Literal["healthy", "gg", "ret", "constant"]


class HeatmapParams(GohParams):
    """What can be set for a heat map; the defaults are those of Jia et al. 2024 (Heat map visualization)."""

    window: Annotated[int, quantity("px", "Side of the replaced square.", ge=4, le=512)] = 64
    stride: Annotated[int, quantity("px", "Step between squares.", ge=1, le=256)] = 16
    window_mm: Annotated[
        float, quantity("mm", "Side of the square in mm instead; 0 takes the pixels.", ge=0, le=200)
    ] = 0.0
    stride_mm: Annotated[float, quantity("mm", "Step in mm instead; 0 takes the pixels.", ge=0, le=100)] = 0.0
    fade: Annotated[
        int, quantity("px", "Width over which the edge of a square fades; 0 for a hard edge.", ge=0, le=64)
    ] = 4
    mode: Annotated[
        Mode,
        quantity("", "exact, or fast: rounded on the change alone and checked against exact on the way."),
    ] = "fast"
    replacement: Annotated[
        Replacement, quantity("", "What a square is replaced by: healthy, gg or ret texture, or a constant.")
    ] = "healthy"
    constant_hu: Annotated[
        float, quantity("HU", "The constant, for comparison with plain occlusion.", ge=-1024, le=1000)
    ] = -850.0
    threshold: Annotated[
        tuple[float, float, float],
        quantity(
            "points",
            "Below these changes (TOT, GG, RET) a pixel counts as diseased; 'ssc lung heatmap-threshold' "
            "chooses them.",
        ),
    ] = (-0.5, -0.5, -0.5)
    limit: Annotated[float, quantity("points", "Ends of the colours.", gt=0, le=100)] = 4.0
    alpha: Annotated[float, quantity("", "Opacity of the colours in pictures.", ge=0, le=1)] = 0.45
    compiled: Annotated[
        bool, quantity("", "Compile the fast way first: takes a minute, pays for several slices of ConvNeXt.")
    ] = False

    def pixels(self, spacing_mm: tuple[float, float]) -> tuple[int, int]:
        """Side and step of the square in pixels of this size.

        Raises
        ------
        InputError
            If the square has less than four pixels, or the step leaves gaps between squares.
        """
        pixel = (spacing_mm[0] * spacing_mm[1]) ** 0.5
        window = round(self.window_mm / pixel) if self.window_mm else self.window
        stride = max(1, round(self.stride_mm / pixel)) if self.stride_mm else self.stride
        if window < 4 or stride > window:
            raise InputError(
                f"a square of {window} pixels every {stride} pixels leaves gaps or shows nothing; "
                "choose a larger --window or a smaller --stride"
            )
        return window, stride
