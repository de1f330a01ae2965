"""The contacts' own part of a merge: tags, segments, consents, blocks, and who had been merged into the loser before.

The loser keeps its tags, memberships, blocks and data requests as they were (nobody asks a merged contact for them), so
the past can be asked and a merge undone. Whoever of the two waits to be erased: it is the person who is erased. Consents
move: they are the history of one person, of whose answers the latest is in force.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from contacts import consent, tagging
from contacts.choices import OWN_WISH
from contacts.merging.parts import Figures, Job, Part, parts
from contacts.models import (
    Consent,
    Contact,
    ContactTag,
    DataRequest,
    DoNotContact,
    Duplicate,
    Membership,
    Merge,
    Purpose,
    Tag,
    ToBeErased,
)

STANDING = ("is_member", "reason", "note", "since")


@parts.register
class Lists(Part):
    key = "contacts"
    position = 0
    covers = frozenset(
        f"contacts.{model.__name__}"
        for model in (
            Contact, ContactTag, Membership, Consent, DataRequest, DoNotContact, Merge, Duplicate, ToBeErased,
        )
    )  # fmt: skip

    def move(self, job: Job) -> dict[str, Any]:
        winner, loser = job.winner_id, job.loser_id
        return {
            "merged": _give(Contact.objects.filter(merged_into=loser), merged_into=winner),
            "consents": _give(Consent.objects.filter(contact=loser), contact=winner),
            "tags": _share_tags(winner, loser),
            "blocks": _share_blocks(winner, loser),
            "memberships": _share_memberships(winner, loser),
        }

    def put_back(self, job: Job, moved: Mapping[str, Any]) -> None:
        winner, loser = job.winner_id, job.loser_id
        Contact.objects.filter(pk__in=moved["merged"], merged_into=winner).update(merged_into=loser)
        Consent.objects.filter(pk__in=moved["consents"], contact=winner).update(contact=loser)
        tagging.remove([winner], Tag.objects.filter(pk__in=moved["tags"]))
        DoNotContact.objects.filter(pk__in=moved["blocks"], contact=winner).delete()
        # Of whom a wish was that was made of the two as one, nobody knows: it holds for both.
        wishes = DoNotContact.objects.filter(contact=winner, created_at__gte=job.merge.at, reason__in=OWN_WISH)
        for block in wishes.order_by("channel"):
            consent.block(loser, block.channel, block.reason, block.note)
        for row in moved["memberships"]:
            _restore(winner, row)

    def figures(self, contact_id: int) -> Figures:
        contact = Contact.objects.get(pk=contact_id)
        memberships = contact.memberships.filter(is_member=True, segment__archived_at=None).select_related("segment")
        answers = contact.consents.order_by("purpose", "-given_at", "-id").distinct("purpose")
        said = {answer.purpose: _("yes") if answer.granted else _("no") for answer in answers}
        return {
            _("Tags"): ", ".join(sorted(str(tag) for tag in contact.tags.all())),
            _("Segments"): ", ".join(sorted(str(row.segment) for row in memberships)),
            _("Consent"): ", ".join(
                _("%(what)s: %(details)s") % {"what": label, "details": said[value]}
                for value, label in Purpose.choices
                if value in said
            ),
            _("Do not contact"): get_text_list([str(block) for block in contact.blocks.order_by("channel")], _("and")),
        }


def _give(rows: Any, **values: Any) -> list[int]:
    ids = sorted(rows.values_list("pk", flat=True))
    rows.model.objects.filter(pk__in=ids).update(**values)
    return ids


def _share_tags(winner: int, loser: int) -> list[int]:
    missing = Tag.objects.filter(contact_tags__contact=loser).exclude(contact_tags__contact=winner).order_by("pk")
    ids = list(missing.values_list("pk", flat=True))
    tagging.add([winner], Tag.objects.filter(pk__in=ids))
    return ids


def _share_blocks(winner: int, loser: int) -> list[int]:
    """A block is never lost: whoever would not be written to at one address is not written to at the other."""
    there = DoNotContact.objects.filter(contact=winner).values_list("channel", flat=True)
    new = [
        DoNotContact(
            contact_id=winner, channel=block.channel, reason=block.reason, note=block.note, created_at=block.created_at
        )
        for block in DoNotContact.objects.filter(contact=loser).exclude(channel__in=list(there)).order_by("pk")
    ]
    return [block.pk for block in DoNotContact.objects.bulk_create(new)]


def _share_memberships(winner: int, loser: int) -> list[dict[str, Any]]:
    """What was decided about the loser holds for the winner, unless a stronger or later decision about them stands.

    What the winner had in each segment (`was`, None: nothing) and has now. Conditions alone say who is in by rule.
    """
    theirs = Membership.objects.filter(contact=loser, reason__in=Membership.DECIDED).order_by("segment_id")
    ours = {row.segment_id: row for row in Membership.objects.select_for_update().filter(contact=winner)}
    changed = []
    for row in theirs:
        mine = ours.get(row.segment_id)
        if mine and _strength(mine) >= _strength(row):
            continue
        values = {name: getattr(row, name) for name in STANDING}
        if mine and mine.is_member == row.is_member:
            values["since"] = min(mine.since, row.since)
        Membership.objects.update_or_create(contact_id=winner, segment_id=row.segment_id, defaults=values)
        changed.append({"segment": row.segment_id, "was": mine and _standing(mine), "now": _standing_of(values)})
    return changed


def _strength(row: Membership) -> tuple[bool, bool, Any]:
    """By hand before any other decision, a decision before conditions, and the latest of equals."""
    return row.reason == Membership.Reason.MANUAL, row.reason in Membership.DECIDED, row.since


def _restore(winner: int, row: Mapping[str, Any]) -> None:
    """Only where nobody has decided anything else since. What a rule said before, conditions say again."""
    now = Membership.objects.filter(contact=winner, segment=row["segment"]).first()
    if now is None or _standing(now) != row["now"]:
        return
    if row["was"] is None or row["was"]["reason"] == Membership.Reason.RULE:
        now.delete()
    else:
        values = row["was"] | {"since": parse_datetime(row["was"]["since"])}
        Membership.objects.filter(pk=now.pk).update(**values)


def _standing(row: Membership) -> dict[str, Any]:
    return _standing_of({name: getattr(row, name) for name in STANDING})


def _standing_of(values: Mapping[str, Any]) -> dict[str, Any]:
    return dict(values) | {"since": values["since"].isoformat()}
