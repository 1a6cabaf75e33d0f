"""Who scores: the shipped starter, the baseline, a model on the shelf, or a user's own training run."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from ssc_core.errors import InputError
from ssc_core.lung.goh.scorer import SliceScorer

__all__ = ["STARTER", "identity", "scorer_of"]

STARTER, BASELINE = "starter", "baseline"
_PACKAGED = {
    STARTER: ("ssc_core.lung.extent.scorer", "ExtentScorer"),
    BASELINE: ("ssc_core.lung.extent.baseline", "BaselineScorer"),
}


def scorer_of(name: str, device: str = "auto") -> SliceScorer:
    """The scorer called `name`.

    Parameters
    ----------
    name : str
        "starter" (the network in the package), "baseline" (gradient boosting on hand-made features), a model
        of ``ssc models list``, or the path of a run of ``ssc lung train-scores``, of a weight file, or of the
        weights of an extent network.
    device : str
        See :func:`ssc_core.training.devices.device_of`.

    Raises
    ------
    InputError
        If there is no such scorer, or its weights are not on this machine.
    FormatError
        If its weights are damaged.
    """
    if name in _PACKAGED:
        module, kind = _PACKAGED[name]
        if find_spec(module) is None:
            raise InputError(f"no {name} scorer is installed; name another with --scorer")
        made: SliceScorer = getattr(import_module(module), kind)()
        return made
    from ssc_core.lung.snet.predict import load_scorer, shelf_scorer
    from ssc_core.models.card import cards

    if name in cards():
        chosen = cards()[name]
        if not chosen.architecture.startswith("snet-"):
            raise InputError(f"the model {name} does not score slices ({chosen.task}); name another scorer")
        return shelf_scorer(chosen, device)
    if not Path(name).exists():
        models = ", ".join(n for n, c in cards().items() if c.architecture.startswith("snet-"))
        raise InputError(
            f"there is no scorer {name!r}; name {STARTER}, {BASELINE}, {models}, or the path of a run",
            private=[name],
        )
    extent = _extent_file(Path(name))
    if extent is not None:
        from ssc_core.lung.extent.scorer import ExtentScorer

        return ExtentScorer(extent)
    return load_scorer(name, device)


def _extent_file(path: Path) -> Path | None:
    """The weights of `path` if they are those of an extent network, alone or as the only one of a run."""
    from ssc_core.models.extent_net import FAMILY
    from ssc_core.training.card import weights_of_run
    from ssc_core.training.state import facts_of

    files = weights_of_run(path)
    if len(files) != 1 or files[0].suffix != ".safetensors":
        return None
    return files[0] if str(facts_of(files[0]).get("architecture", "")).startswith(f"{FAMILY}:") else None


def identity(scorer: SliceScorer) -> str:
    """Name and digest by which scores of different scorers are kept apart: "starter@1a2b3c4d"."""
    from ssc_core.lung.lnet.digests import joined

    digests = list(scorer.digests.values())
    return f"{scorer.name}@{joined(digests).removeprefix('sha256:')[:8]}" if digests else scorer.name
