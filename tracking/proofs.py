"""What browsers tell of two contacts who may be one person, and when that is proved.

Proved is: in one browser both addresses were given, and afterwards a link in a mail to each was followed in it, by a person (or
the form in which it was given was confirmed from such a mail); nobody else ever gave an address in it; and their own data
say so, too. Less may be two people who share a computer, or a mail that was forwarded: that is proposed for a person to
decide.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from contacts import duplicates
from contacts.duplicates import Finder, Pairs, finders
from contacts.models import Contact
from tracking import ties_sql
from tracking.models import Kind, Verdict


@finders.register
class SameBrowser(Finder):
    key = "browser"
    label = _("Two addresses given in one browser")

    def pairs(self, limit: int) -> Pairs:
        return ties_sql.same_browser(limit)

    def proved(self) -> Pairs:
        pairs = ties_sql.both_followed([Kind.EMAIL_CLICKED], below=Verdict.PROXY)
        people = Contact.objects.in_bulk({pk for pair in pairs for pk in pair})
        return [(one, other) for one, other in pairs if duplicates.same_person(people[one], people[other])]
