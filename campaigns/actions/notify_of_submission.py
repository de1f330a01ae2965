from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from campaigns import notices, sent
from campaigns.mail import send
from campaigns.models import Delivery
from campaigns.registry import Action, Params, Skipped, actions
from contacts.remarks import Remark
from tracking.browsers import as_uuid
from tracking.models import FormSubmission


@actions.register
class NotifyOfSubmission(Action):
    """Written by `notices.note`, never chosen by hand: its settings name the submission."""

    key = notices.TYPE
    label = _("Tell colleagues of a form's answers")
    group = _("Messages")
    external = True
    offered = False

    def perform(self, delivery: Delivery, params: Params) -> str:
        rows = FormSubmission.objects.select_related("form", "contact__owner")
        key = as_uuid(params.get("submission"))
        submission = rows.filter(key=key).first() if key else None
        if submission is None:
            raise Skipped(Remark(_("The submission is not there any more.")))
        if not (addresses := notices.addresses(submission)):
            raise Skipped(Remark(_("Nobody is to be told: the form names no colleague with an address.")))
        return send.notice(delivery, notices.rendered(submission), addresses)

    def sent(self, delivery: Delivery) -> None:
        sent.note(delivery)
