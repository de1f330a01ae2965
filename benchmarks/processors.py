"""Processor time that processes have used: unlike the time that passes, it hardly depends on what else the machine does."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from contacts.sql import tuples

PROC = Path("/proc")
TICK = 1 / os.sysconf("SC_CLK_TCK")
USED = slice(11, 15)  # in what follows the name: user and system, its own and of children that have ended


def spent(roots: Collection[int]) -> float:
    """Seconds that these processes have used, with all that descend from them; 0 where the system has no /proc."""
    used: dict[int, float] = {}
    children: dict[int, list[int]] = {}
    for path in PROC.glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        process = int(path.parent.name)
        used[process] = sum(map(int, fields[USED])) * TICK
        children.setdefault(int(fields[1]), []).append(process)
    found = list(roots)
    for process in found:  # it grows as we go
        found += children.get(process, [])
    return sum(used.get(process, 0) for process in set(found))


def database() -> list[int]:
    """PostgreSQL's first process: of which ours, and all others, descend. None where it is on another machine."""
    ((backend,),) = tuples("SELECT pg_backend_pid()", [])
    try:
        return [int((PROC / str(backend) / "stat").read_text().rpartition(")")[2].split()[1])]
    except OSError:
        return []
