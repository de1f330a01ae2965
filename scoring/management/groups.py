"""A point group as the commands name it."""

from __future__ import annotations

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from scoring.models import PointGroup


def named(name: str) -> PointGroup:
    """The group of this name, whatever its case. Raises CommandError, with the groups there are or may be meant."""
    groups = list(PointGroup.objects.filter(name__iexact=name))
    exact = [group for group in groups if group.name == name]
    if len(exact or groups) == 1:
        return (exact or groups)[0]
    if groups:
        names = ", ".join(group.name for group in groups)
        raise CommandError(
            _("“%(name)s” may be any of these point groups: %(names)s.") % {"name": name, "names": names}
        )
    names = ", ".join(PointGroup.objects.values_list("name", flat=True)) or "–"
    raise CommandError(_("There is no point group “%(name)s”. There are: %(names)s.") % {"name": name, "names": names})
