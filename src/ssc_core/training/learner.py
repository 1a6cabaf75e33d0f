"""A network with its optimiser and history: one epoch at a time, saved and taken up again."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ssc_core.errors import InputError
from ssc_core.progress import Tick
from ssc_core.seeds import seed_of
from ssc_core.training.devices import arithmetic, device_of, seeded
from ssc_core.training.loading import batches
from ssc_core.training.params import TrainParams
from ssc_core.training.sampling import Draws
from ssc_core.training.state import read_state, replace_file, write_state
from ssc_core.training.task import Items, Task

__all__ = ["BEST", "CURVE", "LAST", "Learner"]

LAST, BEST, CURVE = "last.safetensors", "best.safetensors", "curve.csv"
# What may differ when a run is taken up: it changes when the run ends or where, not what an epoch does.
_FREE = ("epochs", "patience", "workers", "device")


class Learner:
    """The state of one training; see :func:`ssc_core.training.fit.fit` for the parameters."""

    def __init__(
        self,
        task: Task,
        params: TrainParams,
        folder: Path,
        identity: Mapping[str, Any],
        facts: Mapping[str, Any],
    ) -> None:
        import torch

        self.task, self.params, self.folder, self.facts = task, params, folder, facts
        self.device = device_of(params.device)
        settings = {k: v for k, v in params.model_dump(mode="json").items() if k not in _FREE}
        if params.schedule != "constant":
            settings["epochs"] = params.epochs
        identity = {"architecture": task.architecture, **settings, **identity}
        self.identity: dict[str, Any] = json.loads(json.dumps(identity))  # as it comes back from a file
        with seeded(seed_of(params.seed, "weights"), self.device):
            self.network = task.network().to(self.device)
        self.optimiser = torch.optim.Adam(
            self.network.parameters(), lr=params.learning_rate, weight_decay=params.weight_decay
        )
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=params.precision == "float16")
        arithmetic(params.precision, self.device)
        self.average = self._average()
        self.rows: list[dict[str, Any]] = []
        self.best: dict[str, Any] | None = None

    @property
    def judged(self) -> Any:
        """The network that validation judges and that is kept."""
        return self.network if self.average is None else self.average.module

    @property
    def finished(self) -> bool:
        """Whether the last epoch was reached, or patience is at its end."""
        done = len(self.rows)
        since = done - (self.best or {"epoch": done})["epoch"]
        return done >= self.params.epochs or 0 < self.params.patience <= since

    @property
    def curve(self) -> pd.DataFrame:
        """One row per epoch."""
        valid = sorted({name for row in self.rows for name in row if name.startswith("valid_")})
        return pd.DataFrame(self.rows, columns=["epoch", "learning_rate", "train_loss", *valid, "best"])

    def epoch(self, train: Items, valid: Items, draws: Draws, tick: Tick) -> bool:
        """Train one epoch, judge it if it is time, save everything. Returns whether it was judged."""
        number = len(self.rows) + 1
        rate = self._rate(number)
        with seeded(seed_of(self.params.seed, "epoch", number), self.device):
            loss = self._train(train, draws, number, rate, tick)
        judge = number % self.params.validate_every == 0 or number >= self.params.epochs
        values = self._judge(valid, tick) if judge else {}
        self.rows.append(
            {"epoch": number, "learning_rate": rate, "train_loss": loss, **values, "best": False}
        )
        if judge:
            self._keep_if_best(number, values[f"valid_{self.task.monitor}"])
        write_state(self.folder / LAST, self._tensors(), self._facts())
        text = self.curve.to_csv(index=False, float_format="%.9g", lineterminator="\n")
        replace_file(self.folder / CURVE, text.encode())
        return judge

    def resume(self) -> None:
        """Take up the run that stands in the folder, if there is one.

        Raises
        ------
        InputError
            If it has other settings.
        FormatError
            If it is damaged.
        """
        path = self.folder / LAST
        if not path.is_file():
            return
        tensors, facts = read_state(path)
        old = facts.get("identity", {})
        other = sorted(k for k in {*old, *self.identity} if old.get(k) != self.identity.get(k))
        if other:
            told = "; ".join(f"{k}: {old.get(k)}, now {self.identity.get(k)}" for k in other)
            raise InputError(
                f"the folder holds a training with other settings ({told}); "
                "give the same settings to go on, or name another folder",
                source=self.folder,
            )
        self.rows, self.best = facts["rows"], facts["best"]
        self.scaler.load_state_dict(facts["scaler"])
        self.network.load_state_dict(_part(tensors, "network."))
        if self.average is not None:
            self.average.load_state_dict(_part(tensors, "average."))
        moments: dict[int, dict[str, Any]] = {}
        for name, tensor in _part(tensors, "adam.").items():
            index, key = name.split(".")
            moments.setdefault(int(index), {})[key] = tensor
        groups = self.optimiser.state_dict()["param_groups"]
        self.optimiser.load_state_dict({"state": moments, "param_groups": groups})

    def _train(self, train: Items, draws: Draws, number: int, rate: float, tick: Tick) -> float:
        import torch

        seed = self.params.seed
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        drawn = draws(np.random.default_rng(seed_of(seed, "draws", number)))
        self.network.train()
        total = 0.0
        done = 0
        for batch in self._batches(train, drawn, lambda i: seed_of(seed, "item", number, i)):
            tick(number - 1 + done / len(drawn), self.params.epochs, self._what(number))
            self.optimiser.zero_grad(set_to_none=True)
            with arithmetic(self.params.precision, self.device):
                loss = self.task.loss(self.network, batch)
            value = float(loss.detach())
            if not math.isfinite(value):
                raise InputError(
                    f"the loss is no longer a number in epoch {number}; lower --learning-rate, set "
                    "--clip-norm 1, or look for items without finite values",
                    source=self.folder,
                )
            self.scaler.scale(loss).backward()
            if self.params.clip_norm > 0:
                self.scaler.unscale_(self.optimiser)
                torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.params.clip_norm)
            self.scaler.step(self.optimiser)
            self.scaler.update()
            if self.average is not None:
                self.average.update_parameters(self.network)
            total += value * len(batch[0])
            done += len(batch[0])
        return total / max(done, 1)

    def _judge(self, valid: Items, tick: Tick) -> dict[str, float]:
        import torch

        network = self.judged.eval()
        found: dict[str, list[np.ndarray[Any, Any]]] = {}
        done = len(self.rows) + 1
        with torch.no_grad():
            for batch in self._batches(valid, np.arange(len(valid)), None):
                tick(done, self.params.epochs, self._what(done))
                with arithmetic(self.params.precision, self.device):
                    values = self.task.judge(network, batch)
                for name, each in values.items():
                    found.setdefault(name, []).append(each.detach().double().cpu().numpy())
        means = {name: np.concatenate(parts) for name, parts in found.items()}
        return {
            f"valid_{n}": float(np.nanmean(v)) if np.isfinite(v).any() else math.nan for n, v in means.items()
        }

    def _keep_if_best(self, number: int, value: float) -> None:
        sign = 1.0 if self.task.higher_is_better else -1.0
        if math.isnan(value) or (self.best is not None and sign * value <= sign * self.best["value"]):
            return
        for row in self.rows:
            row["best"] = row["epoch"] == number
        self.best = {"epoch": number, "value": value, "monitor": self.task.monitor}
        facts = {**self.facts, "architecture": self.task.architecture, "best": self.best}
        write_state(self.folder / BEST, self.judged.state_dict(), facts)

    def _tensors(self) -> dict[str, Any]:
        out = {f"network.{n}": t for n, t in self.network.state_dict().items()}
        if self.average is not None:
            out |= {f"average.{n}": t for n, t in self.average.state_dict().items()}
        for index, moments in self.optimiser.state_dict()["state"].items():
            out |= {f"adam.{index}.{key}": t for key, t in moments.items()}
        return out

    def _facts(self) -> dict[str, Any]:
        return {
            "identity": self.identity,
            "rows": self.rows,
            "best": self.best,
            "scaler": self.scaler.state_dict(),
        }

    def _batches(self, items: Items, draws: Any, seed: Any) -> Iterator[tuple[Any, ...]]:
        size, workers = self.params.batch_size, self.params.workers
        return batches(items, draws, size, seed, workers=workers, device=self.device)

    def _rate(self, number: int) -> float:
        if self.params.schedule == "constant":
            return self.params.learning_rate
        return self.params.learning_rate * 0.5 * (1 + math.cos(math.pi * (number - 1) / self.params.epochs))

    def _average(self) -> Any:
        if self.params.ema == 0:
            return None
        from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

        return AveragedModel(self.network, multi_avg_fn=get_ema_multi_avg_fn(self.params.ema))

    def _what(self, number: int) -> str:
        best = "" if self.best is None else f", best {self.best['value']:.3g}"
        return f"epoch {number}{best}"


def _part(tensors: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
