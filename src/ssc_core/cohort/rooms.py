"""What the cohort engine and the command line must know of a room, and no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ssc_core.errors import InputError
from ssc_core.params import Params
from ssc_core.progress import Tick

__all__ = ["ROOMS", "Room", "room"]

ROOMS = ("calcinosis", "lung", "skin")


@dataclass(frozen=True)
class Room:
    """One of the three rooms as seen from above.

    Parameters
    ----------
    name : str
        "skin", "lung" or "calcinosis".
    case : type
        pydantic model of one manifest row; it has a ``case_id``.
    params : type
        The room's :class:`~ssc_core.params.Params`.
    discover : callable
        Folder -> list of cases found in it.
    run_case : callable
        (case, params, folder, tick) -> summary row; writes its result into the folder it is given.
    main_table : str
        Name of the CSV, among what ``run_case`` writes, that answers the user's question.
    """

    name: str
    case: type[BaseModel]
    params: type[Params]
    discover: Callable[[Path], list[Any]]
    run_case: Callable[[Any, Any, Path, Tick], dict[str, Any]]
    main_table: str


_MODELS = {
    "calcinosis": ("CalcinosisCase", "CalcinosisParams", "lesions.csv"),
    "lung": ("LungCase", "LungParams", "levels.csv"),
    "lung score": ("GohCase", "GohParams", "scores.csv"),
    "skin": ("SkinCase", "SkinParams", "summary.csv"),
}
_PLACES = {"lung score": "lung.goh"}  # a further analysis of a room lives below it


def room(name: str) -> Room:
    """The room called `name`, imported when it is asked for.

    Raises
    ------
    InputError
        If there is no such room.
    """
    if name not in _MODELS:
        raise InputError(f"there is no room called {name!r}; choose {', '.join(ROOMS)}")
    case_name, params_name, main_table = _MODELS[name]
    where = _PLACES.get(name, name)
    module = import_module(f"ssc_core.{where}.case")
    params = import_module(f"ssc_core.{where}.params")
    return Room(
        name,
        getattr(module, case_name),
        getattr(params, params_name),
        module.discover,
        module.run_case,
        main_table,
    )
