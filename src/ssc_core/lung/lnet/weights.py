"""Trained L-Nets from a run, from one weight file, or from files of others in the published layout."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ssc_core.errors import FormatError, InputError
from ssc_core.io.digest import file_digest
from ssc_core.lung.lnet.contract import Contract, contract_of
from ssc_core.params import parsed
from ssc_core.training.card import CARD, read_card, weights_of_run
from ssc_core.training.devices import device_of
from ssc_core.training.state import facts_of

__all__ = ["LevelNets", "load_level_nets"]


@dataclass(frozen=True)
class LevelNets:
    """Networks that vote on the levels.

    Parameters
    ----------
    networks : tuple of torch.nn.Module
        In evaluation mode, on `device`.
    contract : Contract
        What they are fed; the same for all.
    architecture : str
        "lnet:..."
    digests : dict of str to str
        Name to sha256, for the record.
    error_mm : tuple of float
        What 9 of 10 errors on validation patients stayed below, per level; empty where unknown.
    device : torch.device
        Where they are.
    """

    networks: tuple[Any, ...]
    contract: Contract
    architecture: str
    digests: dict[str, str]
    error_mm: tuple[float, ...]
    device: Any


def load_level_nets(path: str | Path, architecture: str = "published", device: str = "cpu") -> LevelNets:
    """Load the networks of a training run, or one weight file.

    Parameters
    ----------
    path : path-like
        Folder of ``ssc lung train-levels``, its ``best.safetensors``, or a file of others (.safetensors,
        .npz, .pth, .pt; plain tensors only) with the names of the published layout.
    architecture : str
        Network of files that do not say it.
    device : str
        See :func:`ssc_core.training.devices.device_of`.

    Raises
    ------
    InputError
        If there is nothing there, or it belongs to another task.
    FormatError
        If it is damaged or does not fit.
    """
    path = Path(path)
    files = weights_of_run(path)
    where = device_of(device)
    loaded = [_network(file, architecture) for file in files]
    names, contracts = {n for _, n, _ in loaded}, {c.model_dump_json() for _, _, c in loaded}
    if len(names) > 1 or len(contracts) > 1:
        raise InputError("the networks of this run do not belong together; train again", source=path)
    errors = _errors(path if path.is_dir() else path.parent.parent, files)
    digests = {f"L-Net {i}": file_digest(file) for i, file in enumerate(files, 1)}
    networks = tuple(network.to(where).eval() for network, _, _ in loaded)
    return LevelNets(networks, loaded[0][2], loaded[0][1], digests, errors, where)


def _network(path: Path, architecture: str) -> tuple[Any, str, Contract]:
    import torch

    from ssc_core.models.files import read_arrays
    from ssc_core.models.layouts import fitted
    from ssc_core.models.nets import build, shapes

    facts = facts_of(path) if path.suffix == ".safetensors" else {}
    name = str(facts.get("architecture", f"lnet:{architecture}"))
    if not name.startswith("lnet:"):
        raise InputError(f"these are weights of {name}, not of an L-Net; name others", source=path)
    wanted = shapes(name)
    try:
        arrays = fitted(read_arrays(path), wanted, name)
    except FormatError as error:
        raise FormatError(error.message, source=path) from None
    network = build(name)
    network.load_state_dict({n: torch.from_numpy(a.copy()).reshape(wanted[n]) for n, a in arrays.items()})
    given = facts.get("input")
    contract = contract_of(name.removeprefix("lnet:")) if given is None else parsed(Contract, given)
    return network, name, contract


def _errors(run: Path, files: list[Path]) -> tuple[float, ...]:
    """Errors that the card of the run states, if `files` are all its networks or one of them."""
    if not (run / CARD).is_file():
        return ()
    card = read_card(run)
    if not {f.relative_to(run).as_posix() for f in files if f.is_relative_to(run)} <= set(card.weights):
        return ()
    return tuple(math.nan if v is None else float(v) for v in card.figures.get("error_mm_90", ()))
