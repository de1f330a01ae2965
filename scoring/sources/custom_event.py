"""An event another system sent by API, or the site by script."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from scoring.sources.base import ChosenSubjects, Names, Params, chosen, point_sources
from tracking.models import Kind, Subject
from tracking.subjects import readable


@point_sources.register
class CustomEvent(ChosenSubjects):
    key = "custom_event"
    label = _("Does something else (custom event)")
    told = _("Something you did with us")
    choose = _("Which events")
    any_label = _("any event")
    kind = Kind.CUSTOM
    subject_type = Subject.Type.CUSTOM

    def plain_details(self, params: Params, names: Names) -> str:
        return ", ".join(map(readable, names.of(Subject, chosen(params))))
