"""Punctuation that languages do not share: a name in quotation marks, a label before its details."""

from __future__ import annotations

from django.utils.translation import gettext as _


def quoted(name: object) -> str:
    """A name within a sentence: “Hot leads”."""
    return _("“%(name)s”") % {"name": name}


def labelled(label: object, details: object) -> str:
    """Details with what they are about: “Back-test: 2,000 contacts”."""
    return _("%(what)s: %(details)s") % {"what": label, "details": details}
