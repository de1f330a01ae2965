"""What follows in scoring when the instance changes what it asks consent for."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from contacts import consent_policies
from contacts.models import Purpose
from contacts.remarks import Remark
from scoring import sql, sweeps


@consent_policies.on_change
def walk(purpose: str) -> None:
    """Everybody's permission to be scored is looked at again; what that crosses is held. Waits for running batches."""
    if purpose == Purpose.PROFILING:
        sql.own_rules()
        reason = Remark(_("Consent setting: %(purpose)s"), purpose=Purpose(purpose).label)
        sweeps.owe(reason, sweeps.Plan(profiles=True))
