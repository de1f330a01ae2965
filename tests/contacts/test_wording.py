"""Punctuation is the reader's: French puts a space, which never breaks, before colons and semicolons."""

import pytest
from django.utils import translation

from contacts.models import Channel, Consent, DoNotContact, Purpose
from contacts.wording import labelled, quoted, strung

ENGLISH = "“A”: add the tag “B”; send the email “C”"
FRENCH = "«\xa0A\xa0»\xa0: add the tag «\xa0B\xa0»\xa0; send the email «\xa0C\xa0»"


@pytest.mark.parametrize(("language", "told"), [("en", ENGLISH), ("fr", FRENCH)])
def test_names_labels_and_lists_have_the_punctuation_of_the_reader(language, told):
    with translation.override(language):
        parts = (f"add the tag {quoted('B')}", f"send the email {quoted('C')}")
        assert labelled(quoted("A"), strung(parts)) == told


def test_consents_and_blocks_are_named_in_the_language_of_the_reader():
    consent = Consent(purpose=Purpose.WEB_TRACKING, granted=True)
    block = DoNotContact(channel=Channel.EMAIL, reason=DoNotContact.Reason.UNSUBSCRIBED)

    with translation.override("en"):
        english = [str(consent), str(block)]
    with translation.override("fr"):
        french = [str(consent), str(block)]

    assert english == ["Web tracking: yes", "Email: Unsubscribed"]
    assert french == ["Suivi web\xa0: oui", "E-mail\xa0: Désinscription"]
