"""What is asked before a draft is thrown away, a publication rolled back, or its firings released or declined."""

from __future__ import annotations

from typing import Any

from django.db.models import Count
from django.utils.translation import gettext as _g
from django.utils.translation import ngettext

from campaigns import sentences
from campaigns.admin import publication_pages
from campaigns.models import Firing
from contacts.wording import labelled
from scoring import publications
from scoring.models import Publication


def discarding(draft: Publication) -> dict[str, Any]:
    count = draft.edits.count()
    text = ngettext("%(count)d edit is lost.", "%(count)d edits are lost.", count) % {"count": count}
    return {
        "title": _g("Throw the draft away?"),
        "sentences": [text, _g("What is in force stays as it is.")],
        "button": _g("Throw the draft away"),
        "is_dangerous": True,
    }


def rolling_back(publication: Publication) -> dict[str, Any]:
    problem = ""
    if publication.state != Publication.State.PUBLISHED:
        problem = _g("This publication is not in force.")
    elif later := publications.blocked(publication):
        problem = _g("“%(name)s” was changed again since: roll that back first.") % {"name": later.name}
    counts = dict(publication.firings.values_list("state").annotate(Count("pk")))
    said = [_g("Everything it changed is put back as it was, and every score with it, in the background.")]
    if publications.progress(publication):
        said.insert(0, _g("It is still being carried out: that stops at once."))
    if held := counts.get(Firing.State.HELD):
        text = ngettext("%(count)d firing that waits is declined.", "%(count)d firings that wait are declined.", held)
        said.append(text % {"count": held})
    if fired := counts.get(Firing.State.FIRED):
        text = ngettext(
            "%(count)d firing has acted already: that cannot be taken back.",
            "%(count)d firings have acted already: that cannot be taken back.",
            fired,
        )
        said.append(text % {"count": fired})
    return {
        "title": _g("Roll back “%(name)s”?") % {"name": publication_pages.name(publication)},
        "sentences": said,
        "problem": problem,
        "button": _g("Roll back"),
        "is_dangerous": True,
    }


def releasing(publication: Publication, count: int) -> dict[str, Any]:
    text = ngettext(
        "%(count)d firing acts at once, as its trigger stands now.",
        "%(count)d firings act at once, as their triggers stand now.",
        count,
    )
    return {
        "title": _g("Release all that wait?"),
        "sentences": [text % {"count": count}, *_acting(publication)],
        "problem": "" if count else _g("None waits any more."),
        "button": _g("Release all"),
    }


def declining(publication: Publication, count: int) -> dict[str, Any]:
    text = ngettext(
        "Nothing is done for %(count)d firing; it stays on record as declined.",
        "Nothing is done for %(count)d firings; they stay on record as declined.",
        count,
    )
    return {
        "title": _g("Decline all that wait?"),
        "sentences": [text % {"count": count}],
        "problem": "" if count else _g("None waits any more."),
        "button": _g("Decline all"),
        "is_dangerous": True,
    }


def _acting(publication: Publication) -> list[str]:
    waiting = publication.firings.filter(state=Firing.State.HELD).order_by("trigger_id").distinct("trigger_id")
    return [
        labelled(firing.trigger, sentences.consequences(firing.trigger) or _g("nothing yet"))
        for firing in waiting.select_related("trigger").prefetch_related("trigger__actions")
    ]
