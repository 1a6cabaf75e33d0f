"""Model cards: what a network is, what it takes and gives, and where its weights come from."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from ssc_core.errors import InputError

__all__ = ["Card", "Input", "card", "cards"]


class Input(BaseModel):
    """What must be fed: the contract that travels with the weights.

    Values are scaled to [0, `scale`] first, then `mean` is subtracted and the result divided by `std`, per
    channel in `channels` order. Pictures of another size are refused where it is `fixed`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    size_px: tuple[int, int]
    channels: Literal["RGB", "BGR", "HU"]
    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    fixed: bool = True
    note: str = ""


class Card(BaseModel):
    """One network.

    ``sha256`` is the digest of the file that is fetched or imported; where its publisher prints only the
    first digits, those. ``shipped`` weights lie in the package. ``contract`` is what a room must know more of
    the input than :class:`Input` says (range of pixel sizes, kernels ...), as that room names it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    task: str
    architecture: str
    input: Input
    outputs: str
    training_data: str
    figures: str = ""
    licence: str
    url: str = ""
    sha256: str = ""
    megabytes: float | None = None
    shipped: str = ""
    note: str = ""
    contract: dict[str, Any] = {}


@cache
def cards() -> dict[str, Card]:
    """All cards by name, sorted."""
    folder = resources.files("ssc_core.models").joinpath("cards")
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    found = [Card.model_validate(tomllib.loads(f.read_text(encoding="utf-8"))) for f in files]
    return {c.name: c for c in found}


def card(name: str) -> Card:
    """The card called `name`; ``timm:NAME`` and ``torchvision:NAME`` are asked from these packages.

    Raises
    ------
    InputError
        If there is none; the message lists those that exist.
    """
    family, _, rest = name.partition(":")
    if family == "timm" and rest:
        from ssc_core.models.timm_nets import timm_card

        return timm_card(rest)
    if family == "torchvision" and rest:
        from ssc_core.models.torchvision_nets import torchvision_card

        return torchvision_card(rest)
    try:
        return cards()[name]
    except KeyError:
        known = ", ".join(cards())
        raise InputError(f"there is no model called {name!r}; 'ssc models list' shows {known}") from None
