"""Which scores a form offers: the point groups in use, and the one that is chosen already."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _g


class OfferedGroups:
    """Mixin of a model form with a field `group`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if field := self.fields.get("group"):  # type: ignore[attr-defined]
            chosen = Q(pk=self.instance.group_id)  # type: ignore[attr-defined]
            field.queryset = field.queryset.filter(Q(archived_at__isnull=True) | chosen)


class OfferedScores(OfferedGroups):
    """The same where no group is the overall score. None is made or changed from there."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if field := self.fields.get("group"):  # type: ignore[attr-defined]
            field.empty_label = _g("Overall score")
            field.widget.can_add_related = field.widget.can_change_related = field.widget.can_view_related = False
