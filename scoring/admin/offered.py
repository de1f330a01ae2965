"""Which point groups a form offers: those in use, and the one that is chosen already."""

from __future__ import annotations

from typing import Any

from django.db.models import Q


class OfferedGroups:
    """Mixin of a model form with a field `group`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if field := self.fields.get("group"):  # type: ignore[attr-defined]
            chosen = Q(pk=self.instance.group_id)  # type: ignore[attr-defined]
            field.queryset = field.queryset.filter(Q(archived_at__isnull=True) | chosen)
