"""``ssc models``: the shelf of weights on this machine."""

from __future__ import annotations

from pathlib import Path

from cyclopts import App

from ssc_core.cli.running import bar
from ssc_core.errors import InputError
from ssc_core.models import registry
from ssc_core.models.card import card

__all__ = ["app"]

app = App(name="models", result_action="return_value")


@app.command(name="list")
def list_() -> None:
    """List all models, and whether their weights are on this machine."""
    for name in registry.known():
        try:
            where = registry.weights_of(name).sha256[:15]
        except InputError:
            where = "not here"
        print(f"{name:<16} {where:<16} {card(name).task}")
    print(f"Weights are kept in {registry.folder()} (set SSC_MODELS to change it).")


@app.command
def show(name: str, /) -> None:
    """Show the card of a model: what it takes and gives, what it was trained on, its licence."""
    each = card(name)
    for key, value in each.model_dump().items():
        if value not in ("", None, {}):
            print(f"{key:<14} {value}")


@app.command
def fetch(name: str, /) -> None:
    """Download the weights of a model and check their digest."""
    with bar() as tick:
        weights = registry.fetch(name, tick)
    print(f"{name}: {weights.path}, {weights.sha256}")


@app.command(name="import")
def import_(name: str, file: Path, /, *, force: bool = False) -> None:
    """Take over the weights of a model from a file got elsewhere.

    Parameters
    ----------
    name
        A model's name, as 'ssc models list' shows it.
    file
        .safetensors, .npz, .pth, .pt or .onnx.
    force
        Take a file whose digest is not the card's.
    """
    weights = registry.import_file(name, file, force=force)
    print(f"{name}: {weights.path}, {weights.sha256}")


@app.command
def verify() -> None:
    """Check the digests of all weights on this machine."""
    for name in registry.known():
        try:
            print(f"{name}: {registry.weights_of(name).sha256} is as noted")
        except InputError as error:
            if "not on this machine" not in str(error):
                raise
