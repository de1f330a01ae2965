"""Point actions in drafts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from contacts.typed_params import dump
from scoring import profiles, rules
from scoring.models import END, TERMS_OF_RULE, Edit, PointAction, Validity
from scoring.publishing.types import Difference, Draft, Publishable, State, archived, publishables
from scoring.rulebook import Interval
from scoring.sweeps import Plan

FIELDS = ("name", "description", *TERMS_OF_RULE, "is_active")


@publishables.register
class PointActions(Publishable):
    key = "point_action"
    label = _("point action")
    order = 20

    def state(self, ref_id: int) -> State | None:
        action = PointAction.objects.filter(pk=ref_id).first()
        return None if action is None else state_of(action) | archived(action)

    def name(self, ref_id: int) -> str:
        return str(PointAction.objects.get(pk=ref_id))

    def drafted(self, edit: Edit) -> None:
        self.dropped(edit)
        action = filled(PointAction.objects.get(pk=edit.ref_id), edit.after or {})
        if action.is_active:
            edit.version = rules.draft(action, action, edit.author)
            edit.save(update_fields=["version"])

    def dropped(self, edit: Edit) -> None:
        if version := edit.version:
            edit.version = None
            edit.save(update_fields=["version"])
            version.delete()

    def archive(self, edit: Edit) -> None:
        PointAction.objects.filter(pk=edit.ref_id, is_active=False).update(archived_at=timezone.now())

    def sketch(self, edit: Edit, draft: Draft, at: datetime, scope: str) -> Draft:
        action = PointAction.objects.get(pk=edit.ref_id)
        change = rules.plan(action, edit.version, at, scope)
        is_profile = edit.version is not None and edit.version.kind is None
        book = draft.book.with_intervals(action.pk, change.intervals)
        return draft.changing(book, action.pk, profile=is_profile)

    def put_into_force(self, edit: Edit, at: datetime, scope: str, author: Any) -> Plan:
        action = filled(PointAction.objects.get(pk=edit.ref_id), edit.after or {})
        action.refuse_archived_group()
        action.save()
        return rules.put_into_force(action, edit.version, at, scope, edit.publication)

    def take_back(self, edit: Edit, at: datetime, author: Any) -> Plan:
        action = filled(PointAction.objects.get(pk=edit.ref_id), edit.before or {})
        action.save()
        published = edit.publication.published_at
        stood = Validity.objects.filter(
            version__action=action, known_from__lt=published, known_until__gte=published
        ).select_related("version")
        worth = dict(action.versions.values_list("pk", "worth"))
        intervals = tuple(
            Interval(row.version_id, action.pk, row.valid_from, row.valid_until, row.worth) for row in stood
        )
        rules.set_intervals(action, intervals, at)
        was = {one.version_id: worth[one.version_id] for one in intervals if one.worth != worth.get(one.version_id)}
        is_profile = any(version.kind is None for version in action.versions.all())
        if is_profile:
            profiles.note_holding(action)
        return Plan(actions=[action.pk], was=was, profiles=is_profile)

    def stands(self, edit: Edit) -> bool:
        if PointAction.objects.filter(pk=edit.ref_id, archived_at__isnull=False).exists():
            return False
        published, known = edit.publication.published_at, Validity.objects.filter(version__action=edit.ref_id)
        made = known.filter(known_from__lte=published, known_until__gt=published)
        said = ("version", "valid_from", "valid_until", "worth")
        return set(made.values_list(*said)) == set(known.filter(known_until=END).values_list(*said))

    def misses_past(self, ref_id: int) -> bool:
        action = PointAction.objects.get(pk=ref_id)
        current = rules.in_force(action)
        return current is not None and rules.misses_past(action, current, timezone.now())

    def differences(self, edit: Edit) -> Iterable[Difference]:
        from scoring.wording import differences

        if edit.before == edit.after:
            before, after = (
                _g("what happened while it was in use"),
                _g("also what happened before, if published for the past"),
            )
            return [Difference(_g("what it counts"), before, after)]
        return differences(None if edit.is_new else edit.before, edit.after)


def state_of(action: PointAction) -> State:
    return {name: dump(getattr(action, name)) for name in FIELDS}


def filled(action: PointAction, state: State) -> PointAction:
    """The action, unsaved, with the fields of a state."""
    for name in FIELDS:
        if name in state:
            field: Any = PointAction._meta.get_field(name)
            setattr(action, field.attname if name == "group" else name, field.to_python(state[name]))
    return action
