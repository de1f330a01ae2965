"""What a publication is called."""

from __future__ import annotations

from django.utils.translation import gettext as _g

from scoring.models import Publication

NAMED = 3  # edits that name a publication nobody wrote a note for


def name(publication: Publication) -> str:
    """Its note, or what it is about. Reads its edits."""
    if publication.note:
        return publication.note
    names = [edit.name for edit in publication.edits.all()]
    if publication.state == Publication.State.DRAFT and not names:
        return _g("The draft, empty")
    said = ", ".join(names[:NAMED]) + (" …" if len(names) > NAMED else "")
    return _g("Draft: %(names)s") % {"names": said} if publication.state == Publication.State.DRAFT else said or "–"
