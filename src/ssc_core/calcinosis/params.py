"""Parameters of the calcinosis analysis, each declared once."""

from __future__ import annotations

from typing import Annotated, Literal

from ssc_core.params import Params, quantity

__all__ = ["CalcinosisParams"]


class CalcinosisParams(Params):
    """What decides where bone ends, what is a lesion, and how far it reaches."""

    bones: Annotated[
        bool, quantity("", "Find the phalanges and leave them out; off for other body sites.")
    ] = True
    engine: Annotated[
        Literal["classical", "unet"],
        quantity("", "What finds the phalanges: the U-Net (trained on phantoms), or marrow and outlines."),
    ] = "unet"
    unet_weights: Annotated[
        str, quantity("", "Model name or .safetensors file of the U-Net.", min_length=1)
    ] = "unet_phalanges"
    tissue_hu: Annotated[
        float, quantity("HU", "Pixels above this are finger, not air.", ge=-900, le=0)
    ] = -300.0
    bone_hu: Annotated[
        float, quantity("HU", "A phalanx's cortex is brighter than this.", ge=150, le=1000)
    ] = 350.0
    seed_hu: Annotated[
        float,
        quantity("HU", "A lesion is seeded where what is left beside bone exceeds this.", ge=80, le=1200),
    ] = 200.0
    floor_hu: Annotated[float, quantity("HU", "Region growing never goes below this.", ge=60, le=1000)] = (
        150.0
    )
    tolerance_hu: Annotated[
        float,
        quantity(
            "HU",
            "Region growing takes pixels down to this far below the seed, if above the floor.",
            gt=0,
            le=4000,
        ),
    ] = 2000.0
    minimum_area_mm2: Annotated[float, quantity("mm2", "Smaller findings are left out.", ge=0, le=50)] = 0.25
    minimum_volume_mm3: Annotated[
        float, quantity("mm3", "In volumes, smaller findings are left out.", ge=0, le=500)
    ] = 1.0
    connectivity: Annotated[
        int,
        quantity(
            "", "Neighbours that count as connected: 4 or 8 (6 or 26 in volumes).", ge=4, le=8, multiple_of=4
        ),
    ] = 8
    normal_left_out: Annotated[
        bool, quantity("", "Leave out what belongs to bone: spurs, sesamoids, rims, the fingertip's tuft.")
    ] = True
    densest_hu: Annotated[
        float,
        quantity(
            "HU",
            "No deposit is denser than this: bounds the area of lesions smaller than the blur.",
            ge=500,
            le=4000,
        ),
    ] = 1700.0
    blur_mm: Annotated[
        float,
        quantity("mm", "Blur (standard deviation), used where bone edges do not show it.", ge=0.05, le=1.5),
    ] = 0.3
    fine_mm: Annotated[
        float, quantity("mm", "Step of the finer grid on which outlines are drawn.", ge=0.03, le=0.3)
    ] = 0.1
    calcium_ratio: Annotated[
        float,
        quantity(
            "", "Calcium's HU at low over HU at high energy, as calibrated on the scanner.", gt=1.05, le=3
        ),
    ] = 1.56
    calibration_slope: Annotated[
        float | None, quantity("mg/cm3 per HU", "Density calibration: slope.", gt=0, le=10)
    ] = None
    calibration_intercept: Annotated[
        float | None, quantity("mg/cm3", "Density calibration: intercept.", ge=-500, le=500)
    ] = None
