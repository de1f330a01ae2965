"""What a contact allows: consent by purpose, blocks by channel."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from contacts.filters.base import Entry, Filter, Operator, Rule, having, negated
from contacts.filters.inputs import Choices, Input
from contacts.filters.registry import filters
from contacts.models import Channel, Consent, Contact, DoNotContact, Purpose

PURPOSE = Input(kind="choice", choices=Choices(lambda: [*Purpose.choices, *Channel.choices]))
CHANNEL = Input(kind="choice", choices=Choices(lambda: Channel.choices), required=False, empty=_("any channel"))


@filters.register
class ConsentFilter(Filter):
    key = "consent"
    label = _("consent")
    family = _("Permission")

    def entries(self) -> list[Entry]:
        return [
            Entry(
                self.label,
                (
                    Operator("given", _("was given to"), (PURPOSE,)),
                    Operator("refused", _("was refused to"), (PURPOSE,)),
                    Operator("not_given", _("was not given to"), (PURPOSE,)),
                    Operator("unasked", _("was never answered for"), (PURPOSE,)),
                    Operator("confirmed", _("was given and confirmed by mail to"), (PURPOSE,)),
                ),
            )
        ]

    def q(self, rule: Rule, contacts: QuerySet[Contact] | None) -> Q:
        answers = Consent.objects.filter(purpose=rule.value)
        later = answers.filter(contact=OuterRef("contact")).filter(
            Q(given_at__gt=OuterRef("given_at")) | Q(given_at=OuterRef("given_at"), pk__gt=OuterRef("pk"))
        )  # index latest_consent
        standing = answers.filter(~Exists(later), granted=True)
        given, answered = having(standing), having(answers)
        return {
            "confirmed": having(standing.filter(asked_at__isnull=False)),
            "given": given,
            "refused": answered & negated(given),
            "not_given": negated(given),
            "unasked": negated(answered),
        }[rule.op]


@filters.register
class BlockFilter(Filter):
    key = "blocked"
    label = _("do not contact")
    family = _("Permission")

    def entries(self) -> list[Entry]:
        return [
            Entry(
                self.label,
                (
                    Operator("is", pgettext_lazy("channel", "by"), (CHANNEL,)),
                    Operator("is_not", _("not by"), (CHANNEL,)),
                ),
            )
        ]

    def q(self, rule: Rule, contacts: QuerySet[Contact] | None) -> Q:
        blocks = DoNotContact.objects.all() if rule.value is None else DoNotContact.objects.filter(channel=rule.value)
        q = having(blocks)
        return q if rule.op == "is" else negated(q)
