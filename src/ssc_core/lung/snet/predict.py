"""Scores by the papers' regression head: one network, or all folds of a run with their mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ssc_core.errors import FormatError, InputError
from ssc_core.geometry import Frame
from ssc_core.io.digest import file_digest
from ssc_core.lung.goh.intervals import Intervals
from ssc_core.lung.goh.scores import PATTERNS
from ssc_core.lung.snet.contract import SNetContract
from ssc_core.lung.snet.inputs import deviations, fit_matrix, refuse_matrix
from ssc_core.models.card import Card
from ssc_core.params import parsed
from ssc_core.progress import Tick, silent
from ssc_core.training.card import CARD, read_card, weights_of_run
from ssc_core.training.devices import device_of
from ssc_core.training.state import facts_of

__all__ = ["RegressionScorer", "load_scorer", "shelf_scorer"]

_BATCH = 4


@dataclass(frozen=True, eq=False)
class RegressionScorer:
    """S-Nets that read three scores from a slice; see :class:`ssc_core.lung.goh.scorer.SliceScorer`.

    Parameters
    ----------
    name : str
        For the record.
    contract : SNetContract
        What they are fed.
    networks : tuple of torch.nn.Module
        In evaluation mode on `device`; scores are their mean.
    digests : mapping
        Weights to sha256.
    device : torch.device
        Where they are.
    intervals : Intervals or None
        Errors on held-out cases.
    card : Card or None
        On the shelf.
    """

    name: str
    contract: SNetContract
    networks: tuple[Any, ...]
    digests: Mapping[str, str]
    device: Any
    intervals: Intervals | None = None
    card: Card | None = field(default=None, repr=False)

    def outside(self, frame: Frame, meta: Mapping[str, Any]) -> tuple[str, ...]:
        """See :meth:`~ssc_core.lung.goh.scorer.SliceScorer.outside`."""
        refuse_matrix(frame, meta)
        c = self.contract
        told = deviations(
            frame, meta, spacing_mm=c.spacing_mm, thickness_mm=c.thickness_mm, kernels=c.kernels,
            contrast=c.contrast,
        )  # fmt: skip
        rows, columns = (int(n) for n in meta["matrix"])
        if (rows, columns) == (c.matrix, c.matrix):
            return told
        how = "padded with air" if max(rows, columns) <= c.matrix else "cropped about the lung"
        return (f"{columns} x {rows} pixels are {how} to the network's {c.matrix} x {c.matrix}", *told)

    def score(
        self,
        hu: npt.NDArray[np.float32],
        lung: npt.NDArray[np.bool_],
        spacing_mm: tuple[float, float],
        *,
        tick: Tick = silent,
    ) -> npt.NDArray[np.float64]:
        """See :meth:`~ssc_core.lung.goh.scorer.SliceScorer.score`; the pixel size is left as it is."""
        import torch

        out = np.full((len(hu), len(PATTERNS)), np.nan)
        todo = np.flatnonzero(lung.any(axis=(1, 2)))
        for start in range(0, len(todo), _BATCH):
            tick(start, len(todo), "scores")
            at = todo[start : start + _BATCH]
            fed = torch.from_numpy(self.contract.fed(*fit_matrix(hu[at], lung[at], self.contract.matrix)))
            with torch.inference_mode():
                each = [net(fed.to(self.device)).double().cpu().numpy() for net in self.networks]
            out[at] = np.mean(each, axis=0)
        tick(len(todo), len(todo), "scores")
        return out

    def extent(
        self, hu: npt.NDArray[np.float32], lung: npt.NDArray[np.bool_], spacing_mm: tuple[float, float]
    ) -> None:
        """None: this head has no map; ``ssc lung heatmap`` makes one by replacement."""
        return


def load_scorer(path: str | Path, device: str = "auto", architecture: str | None = None) -> RegressionScorer:
    """The S-Nets of a training run (all folds vote), or of one weight file.

    Parameters
    ----------
    path : path-like
        Folder of ``ssc lung train-scores``, or a weight file (.safetensors, .npz, .pth, .pt: plain tensors).
    device : str
        See :func:`ssc_core.training.devices.device_of`.
    architecture : str, optional
        "snet-convnext_tiny" and the like, for files that do not say it themselves.

    Raises
    ------
    InputError
        If there is nothing there, it belongs to another task, or its architecture is unknown.
    FormatError
        If it is damaged or does not fit.
    """
    path = Path(path)
    files = weights_of_run(path)
    where = device_of(device)
    loaded = [_network(file, architecture) for file in files]
    if len({(name, c.model_dump_json()) for _, name, c in loaded}) > 1:
        raise InputError("the networks of this run do not belong together; train again", source=path)
    _, name, contract = loaded[0]
    return RegressionScorer(
        name=name,
        contract=contract,
        networks=tuple(network.to(where).eval() for network, _, _ in loaded),
        digests={f"S-Net {i}": file_digest(file) for i, file in enumerate(files, 1)},
        device=where,
        intervals=_intervals(path, files),
    )


def shelf_scorer(chosen: Card, device: str = "auto") -> RegressionScorer:
    """The S-Net of a card whose weights were imported or are shipped.

    Raises
    ------
    InputError, FormatError
        As :func:`ssc_core.models.registry.weights_of`.
    """
    from ssc_core.models.registry import load, weights_of

    weights, where = weights_of(chosen.name), device_of(device)
    contract = parsed(SNetContract, chosen.contract)
    network = load(chosen.name).float().to(where)
    return RegressionScorer(
        chosen.name, contract, (network,), {chosen.name: weights.sha256}, where, card=chosen
    )


def _network(path: Path, architecture: str | None) -> tuple[Any, str, SNetContract]:
    import torch

    from ssc_core.models.files import read_arrays
    from ssc_core.models.layouts import fitted
    from ssc_core.models.nets import build, shapes

    facts = facts_of(path) if path.suffix == ".safetensors" else {}
    name = str(facts.get("architecture") or architecture or "")
    if not name:
        raise InputError(
            "the file does not say which network it is; import it with 'ssc models import NAME FILE', "
            "where NAME is one of the snet models of 'ssc models list'",
            source=path,
        )
    if not name.startswith("snet-"):
        raise InputError(f"these are weights of {name}, not of an S-Net; name others", source=path)
    wanted = shapes(name)
    try:
        arrays = fitted(read_arrays(path), wanted, name)
    except FormatError as error:
        raise FormatError(error.message, source=path) from None
    network = build(name)
    network.load_state_dict({n: torch.from_numpy(a.copy()).reshape(wanted[n]) for n, a in arrays.items()})
    given = facts.get("input") or {"backbone": name.removeprefix("snet-")}
    return network.float(), name, parsed(SNetContract, given)


def _intervals(path: Path, files: list[Path]) -> Intervals | None:
    """Those that the card of the run states for all its networks, or the header of a single file."""
    if path.is_dir():
        given = read_card(path).figures.get("intervals")
    else:
        run = path.parent.parent
        single = (run / CARD).is_file() and len(read_card(run).weights) == 1
        given = read_card(run).figures.get("intervals") if single else None
        if given is None and path.suffix == ".safetensors":
            given = facts_of(path).get("intervals")
    return None if given is None else parsed(Intervals, given)
