"""The contacts' own part of a merge: tags, segments, consents, blocks, and who had been merged into the loser before.

The loser keeps its tags, memberships, blocks and data requests as they were (nobody asks a merged contact for them), so
the past can be asked and a merge undone. Whoever of the two waits to be erased: it is the person who is erased. Consents
move: they are the history of one person, of whose answers the latest is in force.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

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
        _tags_back(job, moved["tags"])
        _blocks_back(job, moved["blocks"])
        # Of whom a wish was that was made of them as one, nobody knows: it holds for both.
        wishes = DoNotContact.objects.filter(contact=winner, created_at__gte=job.merge.at, reason__in=OWN_WISH)
        for block in wishes.exclude(pk__in=job.kept(self.key, "blocks")).order_by("channel"):
            consent.block(loser, block.channel, block.reason, block.note)
        for row in moved["memberships"]:
            _membership_back(job, row)

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
        was = _standing(mine) if mine else None
        if now := _stronger(_standing(row), was):
            _write(winner, row.segment_id, now)
            changed.append({"segment": row.segment_id, "was": was, "now": now})
    return changed


def _stronger(theirs: dict[str, Any], ours: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What holds for both where what the other has is the stronger: else None."""
    if ours and _strength(ours) >= _strength(theirs):
        return None
    if ours and ours["is_member"] == theirs["is_member"]:
        return theirs | {"since": min(ours["since"], theirs["since"], key=datetime.fromisoformat)}
    return theirs


def _strength(standing: Mapping[str, Any]) -> tuple[bool, bool, Any]:
    """By hand before any other decision, a decision before conditions, and the latest of equals."""
    reason = standing["reason"]
    return reason == Membership.Reason.MANUAL, reason in Membership.DECIDED, datetime.fromisoformat(standing["since"])


def _write(contact_id: int, segment_id: int, standing: Mapping[str, Any]) -> None:
    values = {**standing, "since": datetime.fromisoformat(standing["since"])}
    Membership.objects.update_or_create(contact_id=contact_id, segment_id=segment_id, defaults=values)


# --- and back, without what merges since would have brought -----------------------------------------------------------


def _tags_back(job: Job, tags: Sequence[int]) -> None:
    there = set(ContactTag.objects.filter(contact=job.winner_id, tag__in=tags).values_list("tag", flat=True))
    for merge in job.later:
        theirs = merge.moved["contacts"]["tags"]
        has = ContactTag.objects.filter(contact=merge.loser_id, tag__in=there.difference(theirs))
        theirs += sorted(has.values_list("tag", flat=True))
        there -= set(theirs)
    tagging.remove([job.winner_id], Tag.objects.filter(pk__in=there))


def _blocks_back(job: Job, blocks: Sequence[int]) -> None:
    """Whoever else is the winner and would not be written to goes on not being written to."""
    heirs = {merge.loser_id: merge for merge in job.later}
    for block in DoNotContact.objects.filter(pk__in=blocks, contact=job.winner_id).order_by("channel"):
        theirs = {row.contact_id: row for row in DoNotContact.objects.filter(contact__in=heirs, channel=block.channel)}
        if found := next((theirs[pk] for pk in heirs if pk in theirs), None):
            heirs[found.contact_id].moved["contacts"]["blocks"].append(block.pk)
            as_theirs = {name: getattr(found, name) for name in ("reason", "note", "created_at")}
            DoNotContact.objects.filter(pk=block.pk).update(**as_theirs)
        else:
            block.delete()


def _membership_back(job: Job, row: Mapping[str, Any]) -> None:
    """Only where nobody has decided anything else since. What a rule said before, conditions say again."""
    segment, was = row["segment"], row["was"]
    if later := next((one for one in job.kept("contacts", "memberships") if one["segment"] == segment), None):
        if later["was"] == row["now"]:
            later["was"] = was
        return
    now = Membership.objects.filter(contact=job.winner_id, segment=segment).first()
    if now is None or _standing(now) != row["now"]:
        return
    holds = was
    for merge in job.later:
        theirs = Membership.objects.filter(
            contact=merge.loser_id, segment=segment, reason__in=Membership.DECIDED
        ).first()
        if theirs and (stronger := _stronger(_standing(theirs), holds)):
            merge.moved["contacts"]["memberships"].append({"segment": segment, "was": holds, "now": stronger})
            holds = stronger
    if holds is None or holds["reason"] == Membership.Reason.RULE:
        now.delete()
    else:
        _write(job.winner_id, segment, holds)


def _standing(row: Membership) -> dict[str, Any]:
    return _standing_of({name: getattr(row, name) for name in STANDING})


def _standing_of(values: Mapping[str, Any]) -> dict[str, Any]:
    return dict(values) | {"since": values["since"].isoformat()}
