"""Panels of the contact page: each app adds its own, so that the page shows what the apps above know.

A panel is a template and a function that makes its context (the template has `contact` and `request`, too); panels are
shown as tabs in the order of `position`. An app registers in a module `panels.py`, imported when the apps are ready.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from contacts.models import Contact
from contacts.registry import Registry


@dataclass(frozen=True)
class Panel:
    key: str
    title: Any  # lazily translated
    template: str
    context: Callable[[Contact], dict[str, Any]]
    position: int
    permission: str = ""  # who may see it, such as "scoring.view_pointentry"; everybody if empty


panels: Registry[Panel] = Registry("panel")


def in_order() -> list[Panel]:
    return sorted(panels, key=lambda panel: panel.position)
