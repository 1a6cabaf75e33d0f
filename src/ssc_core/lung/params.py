"""Parameters of the lung room, each declared once."""

from __future__ import annotations

from typing import Annotated, Literal

from ssc_core.params import Params, quantity

__all__ = ["Engine", "LungParams"]

Engine = Literal["classical", "lungmask", "file"]


class LungParams(Params):
    """What can be set in a lung analysis; the defaults are those of the documentation's figures."""

    dome_offset_mm: Annotated[
        float,
        quantity(
            "mm", "Height of level 5 above the right hemidiaphragm; 10 as in 2024, 0 as in 2022.", ge=0, le=50
        ),
    ] = 10.0
    density_hu: Annotated[
        tuple[float, ...],
        quantity("HU", "Share of the lung above each of these is reported.", min_length=1, max_length=10),
    ] = (-700.0, -500.0, -200.0)
    lung_hu: Annotated[
        float, quantity("HU", "Air and aerated lung lie below this.", ge=-700, le=-200)
    ] = -400.0
    dense_hu: Annotated[
        float,
        quantity("HU", "Diseased lung below this still helps to close the mask.", ge=-500, le=-150),
    ] = -300.0
    dense_reach_mm: Annotated[
        float, quantity("mm", "Such disease is sought up to this far from aerated lung.", ge=0, le=40)
    ] = 12.0
    closing_mm: Annotated[
        float, quantity("mm", "Vessels and recesses up to twice this width are closed.", ge=0.5, le=20)
    ] = 8.0
    largest_hole_mm2: Annotated[
        float, quantity("mm2", "Enclosed holes up to this are lung wherever they lie.", ge=0, le=5000)
    ] = 250.0
    engine: Annotated[
        Engine,
        quantity("", "Who finds the lungs: classical, lungmask (if installed), or file (a given mask)."),
    ] = "classical"
    rib_fill: Annotated[
        bool, quantity("", "Count dense tissue between the lung and the ribs as diseased lung.")
    ] = True
    bronchi_mm: Annotated[
        float,
        quantity("mm", "The main bronchi count as airway down to this far below the carina.", ge=0, le=60),
    ] = 25.0
    least_lung_ml: Annotated[
        float, quantity("ml", "With less lung than this the image is not taken for a chest.", ge=1, le=2000)
    ] = 50.0
    work_mm: Annotated[
        float,
        quantity("mm", "Pixel size at which lungs are searched; edges use full resolution.", ge=1, le=3),
    ] = 2.0
