"""Tables 4 to 6 of Jia et al. 2024 from readings; the statistics are those of ``ssc agree``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from ssc_core.agree.engine import Agreement, agree_readers
from ssc_core.agree.params import AgreeParams
from ssc_core.agree.reading import Readings
from ssc_core.lung.goh.scores import PATTERNS
from ssc_core.stats.absolute_error import MeanAbsoluteError

__all__ = ["ablation_table", "cascade_table", "prevalence_table", "readers_table"]

_PARAMS = AgreeParams(kind="goh", round_scores=True)
_SWITCHES = ("DS", "BS", "PT")


def ablation_table(
    arms: Mapping[str, Readings],
    reference: Readings,
    switches: Mapping[str, Mapping[str, bool]] | None = None,
) -> pd.DataFrame:
    """Table 4: MAE (SD), kappa and ICC of several networks or training arms against the reference.

    Parameters
    ----------
    arms : mapping of str to Readings
        Name to predictions.
    reference : Readings
        Consensus or truth.
    switches : mapping, optional
        Name to {"DS": ..., "BS": ..., "PT": ...}.

    Returns
    -------
    DataFrame
        arm, the switches, n, and per pattern mae, mae_sd, kappa, kappa_low, kappa_high, icc, icc_low,
        icc_high, bias.
    """
    rows = []
    for name, predictions in arms.items():
        result = agree_readers([predictions], _PARAMS, reference=reference)
        row: dict[str, object] = {"arm": name}
        if switches:
            row |= {s: bool(switches[name][s]) for s in _SWITCHES}
        rows.append(row | _values(result))
    return pd.DataFrame(rows)


def cascade_table(cascade: Readings, network: Readings, reference: Readings) -> pd.DataFrame:
    """Table 5: the whole framework against the network on the readers' slices, per level and together.

    Returns
    -------
    DataFrame
        level ("1" to "5", "all"), and per pattern mae and mae_sd of both, p_wilcoxon, p_paired_t of the
        absolute errors, and p_by_patient, which does not take the slices of a patient as independent.
    """
    params = _PARAMS.model_copy(update={"by": "level"})
    result = agree_readers([cascade, network], params, reference=reference, against=network.label)
    rows: dict[str, dict[str, object]] = {}
    for e in result.errors.to_dict("records"):
        row = rows.setdefault(str(e["group"]), {"level": str(e["group"]), "n": e["n"]})
        of = e["value"]
        row |= {f"{of}_mae_{cascade.label}": e["mae_1"], f"{of}_sd_{cascade.label}": e["sd_1"],
                f"{of}_mae_{network.label}": e["mae_2"], f"{of}_sd_{network.label}": e["sd_2"],
                f"{of}_p_wilcoxon": e["p_wilcoxon"], f"{of}_p_paired_t": e["p_paired_t"],
                f"{of}_p_by_patient": e["p_by_patient"]}  # fmt: skip
    return pd.DataFrame(list(rows.values()))


def readers_table(
    readers: Sequence[Readings], network: Readings | None, reference: Readings
) -> tuple[pd.DataFrame, Agreement]:
    """Table 6: readers with one another, with themselves, and everybody against the consensus.

    Returns
    -------
    table : DataFrame
        agreement, comparison, n, and per pattern mae, mae_sd, kappa, icc with intervals, bias, and, against
        the consensus, p of Wilcoxon's test of the absolute errors against the network's, and whether the
        reader is significantly better (the paper's dagger).
    result : Agreement
        For the figures.
    """
    everybody = [*readers, *([network] if network else [])]
    result = agree_readers(everybody, _PARAMS, reference=reference, against=network.label if network else "")
    rows = []
    for pair in dict.fromkeys((c.relation, c.first, c.second) for c in result.comparisons):
        relation, first, second = pair
        if relation == "inter-observer" and network and network.label in (first, second):
            continue
        row: dict[str, object] = {"agreement": relation, "comparison": f"{first} vs {second}"}
        row |= _values(result, pair)
        for e in result.errors.to_dict("records"):
            if network and relation == "against the reference" and e["reader_1"] == second:
                row[f"{e['value']}_p"] = e["p_wilcoxon"]
                row[f"{e['value']}_better"] = bool(e["p_wilcoxon"] < 0.05 and e["mae_1"] < e["mae_2"])
        rows.append(row)
    return pd.DataFrame(rows), result


def prevalence_table(reference: Readings) -> pd.DataFrame:
    """What every MAE must stand beside: how common zero is, and what constant predictions reach.

    Returns
    -------
    DataFrame
        pattern, n, zero_percent, mean, median, mae_of_zero, mae_of_median (the best constant).
    """
    rows = []
    for pattern in PATTERNS:
        values = reference.table[pattern].dropna()
        rows.append({"pattern": pattern, "n": len(values), "zero_percent": 100 * float((values == 0).mean()),
                     "mean": values.mean(), "median": values.median(), "mae_of_zero": values.abs().mean(),
                     "mae_of_median": (values - values.median()).abs().mean()})  # fmt: skip
    return pd.DataFrame(rows)


def _values(result: Agreement, pair: tuple[str, str, str] | None = None) -> dict[str, object]:
    out: dict[str, object] = {}
    for c in result.comparisons:
        if pair is not None and (c.relation, c.first, c.second) != pair:
            continue
        mae, kappa, icc = c.stats["mae"], c.stats["kappa"], c.stats["icc"]
        out |= {"n": mae.n, f"{c.value}_mae": mae.value,
                f"{c.value}_mae_sd": mae.sd if isinstance(mae, MeanAbsoluteError) else float("nan"),
                f"{c.value}_kappa": kappa.value, f"{c.value}_kappa_low": kappa.low,
                f"{c.value}_kappa_high": kappa.high, f"{c.value}_icc": icc.value,
                f"{c.value}_icc_low": icc.low, f"{c.value}_icc_high": icc.high,
                f"{c.value}_bias": c.stats["bias"].value}  # fmt: skip
    return out
