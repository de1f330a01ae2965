"""The letter fits on one page for whoever has much to be told."""

import re

from django.db.models import Count

from contacts.models import Contact
from scoring.explain.letter import LANGUAGES, letter
from scoring.explain.letter_pdf import pdf
from scoring.leaderboards import places
from scoring.models import Leaderboard, PointEntry

TOP = 5


def test_the_hottest_leads_and_the_busiest_contact_get_one_page_in_every_language(look):
    busiest = PointEntry.objects.values("contact").annotate(lines=Count("pk")).order_by("-lines").first()["contact"]
    hottest = {place.contact.pk for board in Leaderboard.objects.all() for place in places(board)[:TOP]}

    long = {
        (contact.email, language): len(re.findall(rb"/Type /Page\b", pdf(letter(contact, language))))
        for contact in Contact.objects.filter(pk__in=hottest | {busiest})
        for language in LANGUAGES
    }

    assert len(long) >= 2 * TOP
    assert {whom: pages for whom, pages in long.items() if pages != 1} == {}
