"""The shelf of weights on this machine: list, fetch, import, verify, load."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from ssc_core.errors import FormatError, InputError, OutputError
from ssc_core.io.digest import file_digest
from ssc_core.models.card import Card, card, cards
from ssc_core.models.files import read_arrays
from ssc_core.models.layouts import fitted
from ssc_core.models.nets import build, shapes
from ssc_core.progress import Tick, silent

__all__ = ["Weights", "fetch", "folder", "import_file", "known", "load", "weights_of"]


@dataclass(frozen=True)
class Weights:
    """Weights that lie on this machine: their file, its digest, and the digest of where they came from."""

    card: Card
    path: Path
    sha256: str
    source_sha256: str


def folder() -> Path:
    """Where weights are kept: ``SSC_MODELS``, or the user's data folder."""
    given = os.environ.get("SSC_MODELS")
    if given:
        return Path(given)
    import platformdirs

    return Path(platformdirs.user_data_dir("napari-ssc", appauthor=False)) / "models"


def known() -> tuple[str, ...]:
    """Names of all cards, and of networks of timm and torchvision whose weights are on this machine."""
    notes = sorted(n for family in ("timm", "torchvision") for n in folder().glob(f"{family}-*.json"))
    return (*cards(), *(str(json.loads(n.read_text(encoding="utf-8"))["card"]) for n in notes))


def weights_of(name: str) -> Weights:
    """The weights of a model, checked against the digest that was noted when they came.

    Raises
    ------
    InputError
        If they are not on this machine: names the card, the licence, the file to get and the command.
    FormatError
        If the file changed since it was fetched or imported.
    """
    chosen = card(name)
    if chosen.shipped:
        path = Path(str(resources.files("ssc_core.models").joinpath("shipped", chosen.shipped)))
        digest = file_digest(path)
        if not digest.removeprefix("sha256:").startswith(chosen.sha256):
            raise FormatError("the weights in the package changed; install it again", source=path)
        return Weights(chosen, path, digest, digest)
    path = _place(name)
    note = path.with_suffix(".json")
    if not (path.is_file() and note.is_file()):
        raise InputError(_how_to_get(chosen))
    digest = file_digest(path)
    noted = json.loads(note.read_text(encoding="utf-8"))
    if digest != noted["sha256"]:
        raise FormatError(
            f"the weights of {name} changed since they were imported; import them again with "
            f"'ssc models import {name} FILE'",
            source=path,
        )
    return Weights(chosen, path, digest, noted["source_sha256"])


def load(name: str) -> Any:
    """The network called `name` with its weights, in evaluation mode.

    Returns
    -------
    torch.nn.Module

    Raises
    ------
    InputError, FormatError
        As :func:`weights_of`.
    """
    import torch
    from safetensors.torch import load_file

    weights = weights_of(name)
    with torch.device("meta"):  # nothing is drawn at random only to be replaced
        network = build(weights.card.architecture)
    network.load_state_dict(load_file(weights.path), strict=True, assign=True)
    return network.eval()


def import_file(name: str, path: str | Path, *, force: bool = False) -> Weights:
    """Take over the weights of a model from a file.

    Parameters
    ----------
    name : str
        A card's name.
    path : path-like
        See :func:`ssc_core.models.files.read_arrays`.
    force : bool
        Take a file whose digest is not the card's. The digest is noted either way.

    Raises
    ------
    InputError
        If the digest is not the card's, or there is no such file or card.
    FormatError
        If the file is damaged or does not fit the architecture.
    OutputError
        If the models folder cannot be written.
    """
    from safetensors.numpy import save_file

    chosen = card(name)
    path = Path(path)
    arrays = read_arrays(path)
    digest = file_digest(path)
    if chosen.sha256 and not force and not digest.removeprefix("sha256:").startswith(chosen.sha256):
        raise InputError(
            f"this is not the file that the card of {name} names (its sha256 begins with "
            f"{digest[7:15]}, expected {chosen.sha256[:8]}); get {chosen.url or 'the right file'}, "
            "or add --force if you know why it differs",
            source=path,
        )
    try:
        ready = fitted(arrays, shapes(chosen.architecture), chosen.architecture)
    except FormatError as error:
        raise FormatError(error.message, source=path) from None
    target = _place(name)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as work:
            fresh = Path(work) / target.name
            save_file(ready, fresh)
            noted = {"card": name, "sha256": file_digest(fresh), "source_sha256": digest}
            note = Path(work) / "note.json"
            note.write_text(json.dumps(noted, indent=2, sort_keys=True) + "\n", encoding="utf-8")
            fresh.replace(target)
            note.replace(target.with_suffix(".json"))
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise OutputError(
            f"the models folder cannot be written ({reason}); set SSC_MODELS to one that can", source=target
        ) from error
    return weights_of(name)


def fetch(name: str, tick: Tick = silent) -> Weights:
    """Download the weights of a model, check their digest and take them over.

    The only function of the project that opens a connection; no analysis calls it.

    Raises
    ------
    InputError
        If the card names no address, the download fails, or the digest is another.
    """
    import pooch

    pooch.get_logger().setLevel("WARNING")  # it would print the address and a path
    chosen = card(name)
    if not chosen.url:
        raise InputError(_how_to_get(chosen))
    with tempfile.TemporaryDirectory() as work:
        try:
            file = pooch.retrieve(
                chosen.url,
                known_hash=None,  # a card may know only the first digits; checked below, before use
                path=work,
                fname=Path(chosen.url).name,
                downloader=pooch.HTTPDownloader(progressbar=_Bar(tick, name), timeout=60),
            )
        except Exception as error:
            if type(error).__module__.partition(".")[0] not in ("requests", "urllib3", "builtins", "pooch"):
                raise
            raise InputError(
                f"the download of {name} failed ({type(error).__name__}); try again, or get {chosen.url} "
                f"elsewhere and run 'ssc models import {name} FILE'"
            ) from error
        return import_file(name, file)


def _place(name: str) -> Path:
    """Where the weights of a model lie; a colon cannot stand in a file name everywhere."""
    return folder() / f"{name.replace(':', '-')}.safetensors"


class _Bar:
    """The progress bar that pooch feeds, as a tick."""

    def __init__(self, tick: Tick, name: str) -> None:
        self._tick, self._what = tick, f"download of {name}"
        self.total, self._done = 0, 0

    def update(self, size: int) -> None:
        self._done += size
        self._tick(self._done, max(self.total, self._done), self._what)

    def reset(self) -> None:
        self._done = 0

    def close(self) -> None:
        self._tick(1, 1, self._what)


def _how_to_get(chosen: Card) -> str:
    size = f", {chosen.megabytes:.0f} MB" if chosen.megabytes else ""
    where = f"run 'ssc models fetch {chosen.name}' ({chosen.url}{size}), or " if chosen.url else ""
    told = (chosen.note or chosen.task).rstrip(".")
    return (
        f"the weights of {chosen.name} are not on this machine; {where}get the file elsewhere and run "
        f"'ssc models import {chosen.name} FILE' ({told}; licence: {chosen.licence})"
    )
