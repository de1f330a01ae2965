import re
from datetime import date

import pytest
from django.utils import timezone

from campaigns.models import Firing
from contacts.models import Consent, Purpose
from scoring.models import BackTest, Publication
from tests.factories import ContactFactory, TriggerFactory

pytestmark = pytest.mark.django_db


def way(page):
    """The last part of the way to this page."""
    parts = re.findall(r'class="align-middle[^>]*leading-5[^>]*>([^<]*)</(?:a|span)>', page)
    return [part.strip() for part in parts]


def test_a_rows_own_name_is_told_as_it_is_written(marketer):
    contact = ContactFactory(email="fairvisitor@example.com", first_name="", last_name="")

    page = marketer.get(f"/admin/contacts/contact/{contact.pk}/change/").text

    assert way(page)[-2:] == ["Contacts", "fairvisitor@example.com"]


def test_a_publication_is_called_by_its_title_on_the_way_to_it(marketer):
    publication = Publication.objects.create(state="published", note="spring rules")

    page = marketer.get(f"/admin/scoring/publication/{publication.pk}/change/").text

    assert way(page)[-1] == "Spring rules"


def test_the_menu_says_what_the_page_of_consents_says_and_offers_no_site(marketer):
    page = marketer.get("/admin/contacts/consent/").text

    assert "Answers about consent" not in page
    assert "View site" not in page


def test_the_words_that_were_shown_are_told(marketer):
    Consent.objects.create(
        contact=ContactFactory(), purpose=Purpose.PROFILING, granted=True, text="May we?", given_at=timezone.now()
    )

    page = marketer.get("/admin/contacts/consent/").text

    assert "The words of the form or site" in page
    assert "Words that were shown" in page


def test_a_firing_leads_to_the_person_too(marketer):
    firing = Firing.objects.create(
        contact=ContactFactory(), trigger=TriggerFactory(), cycle=1, state="held", before=0, after=12
    )

    page = marketer.get("/admin/campaigns/firing/").text

    assert f'href="{firing.contact.get_absolute_url()}"' in page
    assert f'href="/admin/campaigns/firing/{firing.pk}/change/"' in page


def test_a_back_test_is_called_by_what_was_hoped_for_on_the_way_to_it(marketer):
    test = BackTest.objects.create(outcome="form_submitted", cutoff=date(2026, 1, 31), horizon_days=30)

    page = marketer.get(f"/admin/scoring/backtest/{test.pk}/change/").text

    assert way(page)[-2:] == ["Back-tests", "Submits a form: any form"]
