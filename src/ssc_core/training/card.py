"""The card of a network that a user trained: what it is, what it takes, how good it was and on what."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from ssc_core.errors import FormatError, InputError
from ssc_core.io.digest import file_digest
from ssc_core.params import parsed
from ssc_core.training.state import replace_file

__all__ = ["CARD", "TrainedCard", "read_card", "weights_of_run", "write_card"]

CARD = "card.json"


class TrainedCard(BaseModel):
    """One training run.

    ``input`` is the contract of the network (grid, window, normalisation). ``figures`` are those of the
    validation sets by fold and of the test set, which chose nothing. ``weights`` are paths inside the run to
    their digests.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: str
    architecture: str
    input: dict[str, Any]
    outputs: str
    training_data: str
    figures: dict[str, Any]
    ensemble: str = ""
    limits: str
    seed: int
    weights: dict[str, str]


def write_card(run: str | Path, weights: Mapping[str, Path], **content: Any) -> TrainedCard:
    """Write ``card.json`` into a run folder.

    Parameters
    ----------
    run : path-like
        The run's folder.
    weights : mapping
        Name of the network ("fold-1") to its weights inside the run.
    **content
        The other fields of :class:`TrainedCard`.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    run = Path(run)
    digests = {path.relative_to(run).as_posix(): file_digest(path) for path in weights.values()}
    card = parsed(TrainedCard, {**content, "weights": digests})
    text = json.dumps(card.model_dump(mode="json"), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    replace_file(run / CARD, text.encode())
    return card


def read_card(run: str | Path) -> TrainedCard:
    """The card of a run folder.

    Raises
    ------
    InputError
        If the folder holds none: the training was not finished.
    FormatError
        If it is damaged.
    """
    path = Path(run) / CARD
    if not path.is_file():
        raise InputError(
            "the folder holds no card.json; finish the training, or name its weights", source=run
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise FormatError("the card is damaged; run the training again to write it", source=path) from error
    return parsed(TrainedCard, content)


def weights_of_run(path: str | Path) -> list[Path]:
    """Weight files of a run folder, checked against its card; a single file is given back as it is.

    Raises
    ------
    InputError
        If there is nothing there.
    FormatError
        If a file is not the one that the card names.
    """
    path = Path(path)
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise InputError("there are no such weights; name a training run or a weight file", source=path)
    card = read_card(path)
    files = [path / name for name in sorted(card.weights)]
    for file, digest in zip(files, sorted(card.weights.items()), strict=True):
        if not file.is_file() or file_digest(file) != digest[1]:
            raise FormatError("the weights are not those that the run's card names; train again", source=file)
    return files
