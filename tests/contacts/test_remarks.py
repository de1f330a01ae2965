"""A remark is kept once and told in every reader's language."""

from datetime import UTC, datetime

import pytest
from django.test import RequestFactory
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from campaigns.models import Delivery
from contacts.admin_base import note
from contacts.remarks import Remark
from tests.factories import ContactFactory

pytestmark = pytest.mark.django_db


def kept(remark):
    return Delivery.objects.create(contact=ContactFactory(), type="change_tags", outcome=remark)


def told(delivery, language):
    with translation.override(language):
        return Delivery.objects.get(pk=delivery.pk).outcome


def test_what_a_french_worker_wrote_is_told_in_english_to_who_reads_english():
    with translation.override("fr"):
        delivery = kept(Remark(_("Sent to %(address)s."), address="anne@example.com"))
        assert delivery.outcome == "Envoyé à anne@example.com."

    assert told(delivery, "en") == "Sent to anne@example.com."
    assert told(delivery, "fr") == "Envoyé à anne@example.com."


def test_a_text_from_elsewhere_is_told_as_it_is():
    delivery = kept("HTTP 500 {100%} kaputt")

    assert told(delivery, "fr") == told(delivery, "en") == "HTTP 500 {100%} kaputt"


@pytest.mark.parametrize("text", ['{"say"', '{"say": 1}', '{"say": "%(gone)s", "with": {}}', '{"sentence": 5}'])
def test_a_broken_remark_is_told_as_it_stands(text):
    assert told(kept(text), "en") == text


def test_names_and_parts_are_joined_in_the_language_of_the_reader():
    parts = [
        Remark(_("add the tag %(names)s"), names=["hot", "vip", Remark(_("(deleted)"))]),
        Remark(_("remove the tag %(names)s"), names=["cold"]),
    ]
    delivery = kept(Remark.sentence(parts))

    assert told(delivery, "en") == "Add the tag “hot”, “vip” and (deleted), remove the tag “cold”."
    assert told(delivery, "fr").startswith("Ajouter ")
    assert " et " in told(delivery, "fr")


def test_a_count_takes_the_form_of_the_language_of_the_reader():
    one, many = "Started for %(count)d contact.", "Started for %(count)d contacts."

    assert told(kept(Remark.counted(one, many, 1)), "en") == "Started for 1 contact."
    assert told(kept(Remark.counted(one, many, 2)), "en") == "Started for 2 contacts."
    assert told(kept(Remark.counted(one, many, 2)), "fr") != "Started for 2 contacts."


def test_the_history_of_a_row_is_told_to_every_reader_in_their_own_language(admin_client, admin_user):
    contact, request = ContactFactory(), RequestFactory().get("/")
    request.user = admin_user
    with translation.override("fr"):
        note(request, [contact], Remark(_("Archived.")))

    pages = [
        admin_client.get(f"/admin/contacts/contact/{contact.pk}/history/", headers={"accept-language": language})
        for language in ("en", "fr")
    ]

    assert [entry.change_message for page in pages for entry in page.context["action_list"]] == [
        "Archived.",
        "Archivage effectué.",
    ]


def test_a_time_is_told_in_its_own_zone_and_a_lazy_value_in_the_language_of_the_reader():
    when = kept(Remark(_("Until %(time)s"), time=datetime(2026, 3, 1, 9, 30, tzinfo=UTC)))
    noun = kept(Remark(_("The %(noun)s it names does not exist any more."), noun=_("segment")))

    assert told(when, "en") == "Until March 1, 2026, 9:30 a.m."
    assert told(when, "fr").endswith("1er mars 2026 09:30")
    assert told(noun, "en") == "The segment it names does not exist any more."


def test_a_row_saved_again_in_another_language_keeps_its_remark():
    with translation.override("fr"):
        delivery = kept(Remark(_("Sent to %(address)s."), address="anne@example.com"))
        Delivery.objects.get(pk=delivery.pk).save()

    assert told(delivery, "en") == "Sent to anne@example.com."


def test_an_exception_keeps_its_remark():
    error = RuntimeError(Remark(_("(deleted)")))

    assert str(error).stored == '{"say": "(deleted)"}'
