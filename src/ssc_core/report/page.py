"""A report as plain data, and its rendering to self-contained HTML."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd

from ssc_core.errors import OutputError
from ssc_core.results import Measurement, RunRecord

__all__ = ["Figure", "Note", "Numbers", "Page", "Section", "Table"]


@dataclass(frozen=True)
class Note:
    """A paragraph; ``kind="warning"`` for what must not be overlooked."""

    text: str
    kind: str = "text"


@dataclass(frozen=True)
class Numbers:
    """A few measurements shown large, by name."""

    values: Mapping[str, Measurement]


@dataclass(frozen=True)
class Table:
    """A table with a caption; `decimals` per column (others as they are)."""

    data: pd.DataFrame
    caption: str = ""
    decimals: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Figure:
    """A picture: PNG or SVG file, PNG bytes, or a matplotlib figure."""

    picture: Any
    caption: str = ""


Block = Note | Numbers | Table | Figure


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it."""

    title: str
    blocks: Sequence[Block] = ()


@dataclass(frozen=True)
class Page:
    """A whole report.

    Parameters
    ----------
    title, lead : str
        Heading and opening sentence.
    sections : sequence of Section
        In reading order.
    records : mapping of str to RunRecord
        How the numbers were made; shown folded at the end.
    """

    title: str
    lead: str = ""
    sections: Sequence[Section] = ()
    records: Mapping[str, RunRecord] = field(default_factory=dict)

    def html(self) -> str:
        """The page as one HTML text without links to anything outside it."""
        sections = [
            {"title": s.title, "anchor": f"s{i}", "blocks": [_view(b) for b in s.blocks]}
            for i, s in enumerate(self.sections, 1)
        ]
        records = {name: record.to_json() for name, record in self.records.items()}
        return str(_template().render(page=self, sections=sections, records=records))

    def write(self, path: str | Path) -> Path:
        """Write the page.

        Raises
        ------
        OutputError
            If the file cannot be written.
        """
        path = Path(path)
        try:
            path.write_text(self.html(), encoding="utf-8")
        except OSError as error:
            reason = (error.strerror or "unknown reason").lower()
            raise OutputError(f"the report cannot be written ({reason})", source=path) from error
        return path


@cache
def _template() -> Any:
    import jinja2

    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    text = resources.files("ssc_core.report").joinpath("page.html.j2").read_text(encoding="utf-8")
    return environment.from_string(text)


def _view(block: Block) -> dict[str, Any]:
    """What the template needs of a block."""
    if isinstance(block, Note):
        return {"kind": "note", "text": block.text, "warning": block.kind == "warning"}
    if isinstance(block, Numbers):
        return {"kind": "numbers", "values": {k: _number(m) for k, m in block.values.items()}}
    if isinstance(block, Figure):
        return {"kind": "figure", "source": _data_uri(block.picture), "caption": block.caption}
    columns = [str(c) for c in block.data.columns]
    rows = [
        [_cell(value, block.decimals.get(name)) for name, value in zip(columns, row, strict=True)]
        for row in block.data.itertuples(index=False)
    ]
    numeric = [pd.api.types.is_numeric_dtype(block.data[c]) for c in block.data.columns]
    return {"kind": "table", "columns": columns, "rows": rows, "numeric": numeric, "caption": block.caption}


def _number(measurement: Measurement) -> dict[str, str]:
    missing = measurement.value != measurement.value
    interval = (
        "" if measurement.low != measurement.low else f"{measurement.low:.4g} to {measurement.high:.4g}"
    )
    return {
        "value": "not measured" if missing else f"{measurement.value:.4g}",
        "unit": "" if missing else measurement.unit,
        "interval": interval,
        "note": measurement.note,
    }


def _cell(value: Any, decimals: int | None) -> str:
    if value is None or (isinstance(value, float) and value != value):
        return "\N{EN DASH}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}" if decimals is None else f"{value:.{decimals}f}"
    return str(value)


def _data_uri(picture: Any) -> str:
    if isinstance(picture, str | Path):
        path = Path(picture)
        data, kind = path.read_bytes(), "svg+xml" if path.suffix == ".svg" else "png"
    elif isinstance(picture, bytes):
        data, kind = picture, "png"
    else:
        buffer = io.BytesIO()
        picture.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
        data, kind = buffer.getvalue(), "png"
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
