"""Back-tests as questions: what may be asked, and the question in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from contacts import conditions
from contacts.registry import unknown_label
from scoring.models import BackTest
from scoring.outcomes import outcomes
from scoring.sources.base import Names

EARLIEST = date(1900, 1, 1)


def check_days(cutoff: date, horizon_days: int) -> None:
    """Raise ValidationError unless the days in which somebody could convert are over."""
    today = timezone.localdate()
    if cutoff < EARLIEST:
        raise ValidationError({"cutoff": _("This date is too long ago.")})
    if cutoff >= today:
        raise ValidationError({"cutoff": _("The cut-off date must lie in the past.")})
    if horizon_days > (today - cutoff).days - 1:
        sentence = _("These days are not over: choose at most %(days)d, or an earlier cut-off date.")
        raise ValidationError({"horizon_days": ValidationError(sentence, params={"days": (today - cutoff).days - 1})})


def check_conditions(tree: object) -> None:
    if conditions.uses(tree, "score"):
        raise ValidationError({"conditions": _("Scores cannot be asked here: they would be those of today.")})


def outcome(test: BackTest) -> str:
    """What was hoped for."""
    return in_words([test])[0]


def in_words(tests: Sequence[BackTest]) -> list[str]:
    """What each hoped for; the names of all of them in one query per table."""
    known = [(outcomes.get(test.outcome), test) for test in tests]
    names = Names(one.mentions(test.params) for one, test in known if one)
    return [one.describe(test.params, names) if one else unknown_label(test.outcome) for one, test in known]


def score(test: BackTest) -> str:
    return str(test.group) if test.group else _g("Overall score")


def sentence(test: BackTest) -> str:
    """The whole question."""
    said = ngettext(
        "Would %(score)s of %(date)s have told who does this in the %(days)d day after it?",
        "Would %(score)s of %(date)s have told who does this in the %(days)d days after it?",
        test.horizon_days,
    )
    named = _g("the score “%(group)s”") % {"group": test.group} if test.group else _g("the overall score")
    return said % {"score": named, "date": date_format(test.cutoff), "days": test.horizon_days}


def whom(test: BackTest) -> list[str]:
    """Who was looked at, where that is not everybody."""
    said = []
    if test.conditions:
        said.append(
            _g("Only contacts who then: %(conditions)s.") % {"conditions": conditions.describe(test.conditions)}
        )
    if not test.with_earlier:
        said.append(_g("Whoever had done it before is left out: it asks who does it for the first time."))
    return said
