"""Figures as CSV (RFC 4180): for programs and, with `;` and decimal commas, for Finnish spreadsheets."""

import csv
from collections.abc import Mapping
from io import StringIO

from starlette.responses import Response

from services.reporting.store import Figure, Key, Published

FORMULA_SIGNS = ("=", "+", "-", "@", "\t")


def number(figure: Figure) -> int | float | None:
    """The value as JSON has it: counts and cents without decimals."""
    if figure.value is None:
        return None
    return int(figure.value) if figure.unit in ("count", "cents") else float(figure.value)


def response(table: str, period: str, figures: Mapping[Key, Published], *, finnish: bool = False) -> Response:
    """A download of a table; a hidden cell is empty."""
    names = sorted({name for key in figures for name, _ in key.dimensions})
    out = StringIO()
    write = csv.writer(out, delimiter=";" if finnish else ",", lineterminator="\r\n").writerow
    write(["table", "period", "measure", *names, "value", "unit", "suppressed", "revision", "published_at"])
    for key, figure in figures.items():
        value = "" if figure.value is None else str(figure.value).replace(".", "," if finnish else ".")
        dimensions = [key.get(name) or "" for name in names]
        at = figure.at.isoformat(timespec="seconds").replace("+00:00", "Z")
        cells = [key.table, key.period, key.measure, *dimensions, value, figure.unit,
                 "true" if figure.value is None else "false", str(figure.revision), at]
        write([_plain(cell) for cell in cells])
    name = f"{table}-{period}.csv"
    return Response(("﻿" if finnish else "") + out.getvalue(), media_type="text/csv; charset=utf-8",
                    headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _plain(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula; a negative number stays one."""
    is_number = cell.lstrip("-").replace(",", ".").replace(".", "", 1).isdigit()
    return f"'{cell}" if cell.startswith(FORMULA_SIGNS) and not is_number else cell
