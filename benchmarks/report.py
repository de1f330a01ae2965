"""The figures as a table to read and as a file to compare."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import server
from benchmarks.databases import Size
from benchmarks.figures import Figure

HEADER = ("", "value", "unit", "baseline", "ratio", "goal", "met")


def table(figures: Sequence[Figure]) -> str:
    rows = [HEADER, *map(_row, figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in (0, 2, 5, 6) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def warning() -> str | None:
    """Was the machine busy with something else? Benchmarks themselves keep two processes and PostgreSQL going."""
    load, cores = os.getloadavg()[1], os.cpu_count() or 1
    if load <= cores + 1:
        return None
    return f"The machine was busy (load {load:.1f} on {cores} cores): trust the ratios, not the values."


def save(path: Path, figures: Sequence[Figure], size: Size) -> None:
    """Figures as {name, value, unit, baseline, ratio, goal, met}, with what one must know to compare them."""
    result = {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "size": asdict(size),
        "machine": {"system": platform.platform(), "python": platform.python_version(), "cores": os.cpu_count()},
        "load_average": round(os.getloadavg()[2], 1),
        "postgresql": server.options(),
        "figures": [figure.as_json() for figure in figures],
    }
    path.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")


def _row(figure: Figure) -> tuple[str, ...]:
    met = {True: "yes", False: "NO", None: ""}[figure.met]
    numbers = (f"{figure.value:,g}", figure.unit, f"{figure.baseline:,g}", f"{figure.ratio:,g}")
    return (figure.name, *numbers, figure.goal or "", met)
