"""Parts of HTML pages that need nothing but themselves: every report is made of these."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from sightline.core.console import format_value
from sightline.core.outputs import write_durably, writing


def write_page(path: Path, title: str, lead: str, body: Sequence[str]) -> None:
    """Write a page with its style; ``body`` is HTML. Raises SightlineError where it cannot be written."""
    css = files("sightline.evaluate").joinpath("page.css").read_text(encoding="utf-8")
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    page = (
        f'<!doctype html><html lang="en"><head>{head}<title>{escape(title)}</title><style>{css}</style></head>'
        f'<body><main><h1>{escape(title)}</h1><p class="lead">{escape(lead)}</p>{"".join(body)}</main></body></html>\n'
    )
    with writing(path):
        write_durably(path, page.encode())


def tiles(values: Sequence[tuple[str, str]]) -> str:
    """A row of large figures with a line of words each."""
    inner = "".join(
        f'<div class="tile"><b>{escape(big)}</b><span>{escape(small)}</span></div>' for big, small in values
    )
    return f'<div class="tiles">{inner}</div>'


def card(heading: str, inner: str) -> str:
    """A frame around HTML, with a heading unless it is empty."""
    title = f"<h3>{escape(heading)}</h3>" if heading else ""
    return f'<div class="card">{title}<div class="scroll">{inner}</div></div>'


def html_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table; columns of numbers are right-aligned."""
    numeric = [bool(rows) and all(isinstance(row[i], (int, float)) for row in rows) for i in range(len(columns))]

    def line(values: Sequence[Any], tag: str) -> str:
        cells = zip(values, numeric, strict=True)
        return "".join(f"<{tag}{' class=num' if right else ''}>{escape(cell(value))}</{tag}>" for value, right in cells)

    head = line(columns, "th")
    lines = "".join(f"<tr>{line(row, 'td')}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"


def cell(value: Any) -> str:
    """Text of a value; a dash where it is not a number."""
    return "–" if isinstance(value, float) and math.isnan(value) else format_value(value)


def settings_card(settings: Mapping[str, Any]) -> str:
    """How something was run."""
    return "<h2>Settings</h2>" + card("", html_table(("setting", "value"), list(settings.items())))
