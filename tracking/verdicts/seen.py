"""The programs and networks a batch came from: each has a row, and is looked up in the lists when it is first seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from contacts.sql import array
from tracking.verdicts import lists, own_sql
from tracking.verdicts.own_sql import Row
from tracking.verdicts.reasons import Reason


@dataclass(frozen=True)
class Seen:
    """Programs (by their names) and networks (by their first addresses) of a batch: (name, id, reasons)."""

    agents: Sequence[Row]
    networks: Sequence[Row]

    def parameters(self) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, rows in (("agent", self.agents), ("network", self.networks)):
            values[f"{name}s"] = [text for text, _, _ in rows]
            values[f"{name}_ids"] = array(pk for _, pk, _ in rows)
            values[f"{name}_reasons"] = array(reasons for _, _, reasons in rows)
        return values


def seen(hit_ids: Sequence[int]) -> Seen:
    """Those of these hits; new ones are written down. Two statements, unless there are new ones."""
    return Seen(
        agents=_known(hit_ids, own_sql.seen_agents, own_sql.add_agents, lists.of_agent),
        networks=_known(hit_ids, own_sql.seen_networks, own_sql.add_networks, lists.of_network),
    )


def _known(
    hit_ids: Sequence[int],
    find: Callable[[Sequence[int]], list[Row]],
    add: Callable[[Sequence[tuple[str, int]]], None],
    look_up: Callable[[str], Reason],
) -> list[Row]:
    rows = find(hit_ids)
    if new := [name for name, pk, _ in rows if pk is None]:
        add([(name, int(look_up(name))) for name in new])
        rows = find(hit_ids)
    return rows
