"""What is asked before a draft is thrown away, a publication rolled back, or its firings released or declined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _g
from django.utils.translation import ngettext

from campaigns import sentences, triggers
from campaigns.models import Firing
from contacts.sql import one_of
from contacts.wording import labelled
from scoring import publications
from scoring.models import Publication
from scoring.publishing import naming


def discarding(draft: Publication) -> dict[str, Any]:
    count = draft.edits.count()
    text = ngettext("%(count)d edit is lost.", "%(count)d edits are lost.", count) % {"count": count}
    return {
        "title": _g("Throw the draft away?"),
        "sentences": [text, *_put_away(draft), _g("What is in force stays as it is.")],
        "button": _g("Throw the draft away"),
        "is_dangerous": True,
    }


def _put_away(draft: Publication) -> list[str]:
    made = [edit.name for edit in draft.edits.filter(is_new=True)]
    text = ngettext(
        "What was made for this draft is archived: %(names)s.",
        "What was made for this draft is archived: %(names)s.",
        len(made),
    )
    return [text % {"names": ", ".join(made)}] if made else []


def rolling_back(publication: Publication) -> dict[str, Any]:
    problem = ""
    if not publications.may_be_rolled_back(publication):
        problem = _g("This publication is not in force.")
    elif later := publications.blocked(publication):
        problem = _g("“%(name)s” was changed again since: roll that back first.") % {"name": later.name}
    firings = Firing.objects.filter(publication__in=publications.acts(publication)).order_by()
    counts = dict(firings.values_list("state").annotate(Count("pk")))
    said = [_g("Everything it changed is put back as it was, and every score with it, in the background.")]
    if again := publications.undoes(publication):
        said.append(_g("Triggers that scores cross because of it wait for your release."))
    if publications.progress(publication):
        said.insert(0, _g("It is still being carried out: that stops at once."))
    if held := counts.get(Firing.State.HELD):
        text = ngettext(
            "%(count)d firing that waits comes to nothing.", "%(count)d firings that wait come to nothing.", held
        )
        said.append(text % {"count": held})
        said.append(_g("Whoever stays past the threshold, by what they did meanwhile, waits again."))
    if fired := counts.get(Firing.State.FIRED):
        text = ngettext(
            "%(count)d firing has acted already: that cannot be taken back.",
            "%(count)d firings have acted already: that cannot be taken back.",
            fired,
        )
        said.append(text % {"count": fired})
    return {
        "title": _g("Put “%(name)s” into force again?") % {"name": naming.name(again)}
        if again
        else _g("Roll back “%(name)s”?") % {"name": naming.name(publication)},
        "sentences": said,
        "problem": problem,
        "button": _g("Put into force again") if again else _g("Roll back"),
        "is_dangerous": True,
    }


def releasing_all(held: QuerySet[Firing]) -> dict[str, Any]:
    return {
        **releasing(held),
        "title": _g("Release all that wait?"),
        "button": _g("Release all"),
    }


def releasing(held: QuerySet[Firing]) -> dict[str, Any]:
    """What becomes of held firings once they are released."""
    waiting = list(held.values_list("pk", flat=True))
    count, past = len(waiting), len(triggers.outdated(waiting))
    text = ngettext(
        "%(count)d firing acts at once, as its trigger stands now.",
        "%(count)d firings act at once, as their triggers stand now.",
        count - past,
    )
    return {
        "title": _g("Release: act now"),
        "sentences": [text % {"count": count - past}, *_acting(waiting), *_no_longer_true(past)],
        "problem": "" if count else _g("None waits any more."),
        "button": _g("Release: act now"),
    }


def declining_all(held: QuerySet[Firing]) -> dict[str, Any]:
    return {
        **declining(held),
        "title": _g("Decline all that wait?"),
        "button": _g("Decline all"),
    }


def declining(held: QuerySet[Firing]) -> dict[str, Any]:
    count = held.count()
    text = ngettext(
        "Nothing is done for %(count)d firing; it stays on record as declined.",
        "Nothing is done for %(count)d firings; they stay on record as declined.",
        count,
    )
    return {
        "title": _g("Decline: do nothing"),
        "sentences": [text % {"count": count}],
        "problem": "" if count else _g("None waits any more."),
        "button": _g("Decline: do nothing"),
        "is_dangerous": True,
    }


def _no_longer_true(count: int) -> list[str]:
    text = ngettext(
        "%(count)d firing is no longer true: the score is back, or the condition is no longer met. Nothing is done for it.",
        "%(count)d firings are no longer true: the score is back, or the condition is no longer met. Nothing is done for "
        "them.",
        count,
    )
    return [text % {"count": count}] if count else []


def _acting(firing_ids: Sequence[int]) -> list[str]:
    firings = Firing.objects.filter(pk__in=one_of(firing_ids)).order_by("trigger_id").distinct("trigger_id")
    return [
        labelled(firing.trigger, sentences.consequences(firing.trigger) or _g("nothing yet"))
        for firing in firings.select_related("trigger").prefetch_related("trigger__actions")
    ]
