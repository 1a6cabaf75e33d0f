"""Rating heat maps: five-point Likert scale per pattern, one file per reader, resumable.

The file is the JSON list that the authors' rating software writes: objects of Index, Pat_ID, Level, TOT, GG,
RET ("1" to "5" as text) and Status.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ssc_core.errors import FormatError, InputError
from ssc_core.lung.goh.scores import PATTERNS
from ssc_core.lung.reading.queue import alias, blinded

__all__ = ["LIKERT", "MapItem", "RatingSession", "read_ratings", "write_ratings"]

LIKERT = {1: "strongly disagree", 2: "disagree", 3: "neutral", 4: "agree", 5: "strongly agree"}
_DONE = "Done"


@dataclass(frozen=True, order=True)
class MapItem:
    """One slice whose heat maps are rated: case, level and the picture that shows them."""

    case_id: str
    level: int
    picture: Path

    @property
    def key(self) -> tuple[str, int]:
        """What tells items apart."""
        return self.case_id, self.level


class RatingSession:
    """One reader's ratings; each is on disk before the next map is shown.

    Jia et al. 2024 (Heat map visualization): two experts, blinded to the network's output, rate their
    agreement with the heat maps.

    Parameters
    ----------
    folder : path-like
        ``ratings-READER.json`` is written there.
    items : sequence of MapItem
        What is rated.
    reader : str
        Alias.
    seed : int
        Of the order.

    Raises
    ------
    InputError
        If there is nothing to rate, or the alias cannot be used.
    FormatError
        If the file is damaged.
    """

    def __init__(self, folder: str | Path, items: Sequence[MapItem], *, reader: str, seed: int = 0) -> None:
        self.reader = alias(reader, "--reader")
        if not items:
            raise InputError("there is no heat map to rate")
        self.order = blinded(sorted(items), seed, reader, "heat maps")
        self.file = Path(folder) / f"ratings-{reader}.json"
        table = read_ratings(self.file) if self.file.is_file() else pd.DataFrame()
        known = {i.key for i in self.order}
        self._given: dict[tuple[str, int], dict[str, int]] = {}
        for row in table.to_dict("records"):
            key = (str(row["case_id"]), int(row["level"]))
            if key in known:
                self._given[key] = {p: int(row[p]) for p in PATTERNS if pd.notna(row[p])}
        self._place = next((n for n, i in enumerate(self.order) if not self.complete(i)), len(self.order))

    @property
    def current(self) -> MapItem | None:
        """The item on screen; None behind the last."""
        return self.order[self._place] if self._place < len(self.order) else None

    @property
    def title(self) -> str:
        """What the reader sees in place of a name."""
        n = len(self.order)
        return (
            f"all {n} heat maps are rated" if self.current is None else f"heat map {self._place + 1} of {n}"
        )

    @property
    def done(self) -> int:
        """Number of items with all three ratings."""
        return sum(self.complete(i) for i in self.order)

    def complete(self, item: MapItem) -> bool:
        """Whether all three patterns of an item are rated."""
        return len(self._given.get(item.key, {})) == len(PATTERNS)

    def given(self, item: MapItem) -> dict[str, int]:
        """Ratings of an item so far, by pattern."""
        return dict(self._given.get(item.key, {}))

    def rate(self, pattern: str, value: int) -> None:
        """Rate one pattern of the current item and write the file.

        Raises
        ------
        InputError
            If the pattern or the value is none of those that exist, or all items are rated.
        """
        if self.current is None:
            raise InputError("all heat maps are rated")
        if pattern not in PATTERNS or value not in LIKERT:
            raise InputError(f"a rating is 1 to 5 for {', '.join(PATTERNS)}; given {value} for {pattern}")
        self._given.setdefault(self.current.key, {})[pattern] = value
        self.save()

    def forward(self) -> None:
        """Go on to the next item."""
        self._place = min(self._place + 1, len(self.order))

    def back(self) -> None:
        """Go back to the item before."""
        self._place = max(self._place - 1, 0)

    def save(self) -> None:
        """Write the file; :meth:`rate` does it too."""
        rows = [{"case_id": i.case_id, "level": i.level, **self.given(i)} for i in sorted(self.order)]
        write_ratings(pd.DataFrame(rows), self.file)


def read_ratings(path: str | Path) -> pd.DataFrame:
    """Read one reader's ratings.

    Returns
    -------
    DataFrame
        case_id, level, tot, gg, ret (1 to 5, missing where not rated).

    Raises
    ------
    FormatError
        If it is no such list.
    """
    path = Path(path)
    try:
        rows = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise FormatError("there is no such file", source=path) from error
    except (OSError, ValueError) as error:
        raise FormatError("this is no file of ratings (JSON)", source=path) from error
    if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
        raise FormatError("this is no list of ratings", source=path)
    out = []
    for number, row in enumerate(rows, 1):
        try:
            one: dict[str, object] = {"case_id": str(row["Pat_ID"]), "level": int(str(row["Level"]))}
            for pattern in PATTERNS:
                text = str(row.get(pattern.upper(), "") or "").strip()
                one[pattern] = int(text) if text else None
                if one[pattern] is not None and one[pattern] not in LIKERT:
                    raise ValueError(text)
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(
                f"entry {number} is no rating; it needs Pat_ID, Level and TOT, GG, RET from 1 to 5",
                source=path,
            ) from error
        out.append(one)
    table = pd.DataFrame(out, columns=["case_id", "level", *PATTERNS])
    if table.duplicated(["case_id", "level"]).any():
        raise FormatError("a slice is rated twice; keep one entry of each", source=path)
    return table.astype(dict.fromkeys(PATTERNS, "Int64"))


def write_ratings(table: pd.DataFrame, path: str | Path) -> None:
    """Write one reader's ratings; a kill leaves the earlier file whole."""
    rows = []
    for number, row in enumerate(table.to_dict("records"), 1):
        values = {p: row.get(p) for p in PATTERNS}
        text = {p.upper(): "" if pd.isna(v) else str(int(v)) for p, v in values.items()}
        status = _DONE if all(text.values()) else ""
        rows.append({"Index": number, "Pat_ID": str(row["case_id"]), "Level": str(row["level"]), **text,
                     "Status": status})  # fmt: skip
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(path)
