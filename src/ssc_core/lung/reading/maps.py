"""Which heat maps are rated: a small table, or the folder of 'ssc lung heatmap'."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ssc_core.errors import InputError
from ssc_core.io.output import RECORD
from ssc_core.io.rows import read_rows, refuse_all
from ssc_core.lung.reading.rating import MapItem
from ssc_core.results import record_run

__all__ = ["read_maps", "record_rating"]

_WAY_OUT = "write one with case_id, level, picture"


def read_maps(path: str | Path) -> tuple[MapItem, ...]:
    """Read a table of pictures: case_id, level (1-5), picture (relative to the table).

    Raises
    ------
    InputError
        With all rows that cannot be used.
    """
    path = Path(path)
    rows, columns = read_rows(path, _WAY_OUT)
    absent = [c for c in ("case_id", "level", "picture") if c not in columns]
    if absent:
        raise InputError(f"the table has no column {', '.join(absent)}; {_WAY_OUT}", source=path)
    problems, items, private = [], [], []
    for line, row in rows:
        private += [row["case_id"], row["picture"]]
        picture = path.parent / row["picture"]
        if not row["case_id"]:
            problems.append(f"line {line}: case_id is empty")
        elif not row["level"].isdigit():
            problems.append(f"line {line}: level {row['level']!r} is no number")
        elif not picture.is_file():
            problems.append(f"line {line}: there is no picture {row['picture']}")
        else:
            items.append(MapItem(row["case_id"], int(row["level"]), picture))
    keys = [i.key for i in items]
    problems += [
        f"{k[0]} level {k[1]} stands in several rows" for k in sorted({k for k in keys if keys.count(k) > 1})
    ]
    refuse_all(problems, path, private)
    if not items:
        raise InputError(f"the table lists no picture; {_WAY_OUT}", source=path)
    return tuple(items)


def record_rating(folder: Path, items: Sequence[MapItem], seed: int) -> Path:
    """Mark `folder` as a rating study."""
    record = record_run("lung rate", {"maps": len(items)}, {}, seed=seed)
    (folder / RECORD).write_text(record.to_json(), encoding="utf-8")
    return folder
