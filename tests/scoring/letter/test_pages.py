"""Where the letter is had: from the contact page, for any day that was, and from the command line."""

import re

import pytest
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command

from tests.factories import UserFactory
from tests.scoring.letter.conftest import pages

pytestmark = pytest.mark.django_db


def address(contact, form, language="en"):
    return f"/admin/scoring/contactscore/{contact.pk}/letter.{form}?language={language}"


def test_it_is_had_from_the_contact_page(client, ada):
    client.force_login(UserFactory(is_superuser=True))
    page = client.get(ada.get_absolute_url()).content.decode()
    for form in ("html", "pdf"):
        for language in ("en", "fr"):
            where = address(ada, form, language).partition("?")[0]
            assert f'name="language" value="{language}" formaction="{where}"' in page
    assert '<input type="date" name="at" max="2026-01-26"' in page

    assert "Guide 2" in client.get(address(ada, "html")).content.decode()
    found = client.get(address(ada, "pdf", "fr"))
    assert pages(found.content) == 1
    assert found.headers["Content-Disposition"] == f'attachment; filename="score-{ada.pk}-2026-01-26.pdf"'
    assert found.headers["Cache-Control"].startswith("max-age=0")


def test_it_is_had_of_any_day_that_was(client, ada):
    client.force_login(UserFactory(is_superuser=True))
    then = client.get(address(ada, "pdf") + "&at=2026-01-24")
    today = client.get(address(ada, "pdf") + "&at=2026-01-26")
    page = client.get(address(ada, "html") + "&at=2026-01-24").content.decode()

    assert then.headers["Content-Disposition"] == f'attachment; filename="score-{ada.pk}-2026-01-24.pdf"'
    assert today.headers["Content-Disposition"] == f'attachment; filename="score-{ada.pk}-2026-01-26.pdf"'
    assert "On Jan. 24, 2026 your score at Cuvelog was 10." in page
    assert "Points given or taken" not in page
    machine = client.get(f"/admin/scoring/contactscore/{ada.pk}/time-machine/?at=2026-01-24T12:30:00").content.decode()
    assert '<input type="hidden" name="at" value="2026-01-24T12:30:00">' in machine


@pytest.mark.parametrize("at", ["2027-01-01", "yesterday", "0001-01-01", "2026-02-30"])
def test_a_day_that_makes_no_sense_leads_back_to_the_contact_with_a_sentence(client, ada, at):
    client.force_login(UserFactory(is_superuser=True))
    answer = client.get(f"{address(ada, 'html')}&at={at}", follow=True)

    assert answer.redirect_chain == [(ada.get_absolute_url(), 302)]
    assert [at in str(message) for message in answer.context["messages"]] == [True]


@pytest.mark.parametrize("asked", [("exe", "en"), ("pdf", "de"), ("pdf", ""), ("html", "../fr")])
def test_there_is_nothing_else_to_be_had(client, ada, asked):
    client.force_login(UserFactory(is_superuser=True))

    assert client.get(address(ada, *asked)).status_code == 404


@pytest.mark.parametrize("permissions", [[], ["view_contact"], ["view_contactscore"]])
def test_who_may_not_see_contacts_and_scores_is_refused(client, ada, permissions):
    user = UserFactory(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)

    assert client.get(address(ada, "pdf")).status_code == 403
    assert client.get(address(ada, "html")).status_code == 403


def test_the_command_writes_it(ada, tmp_path):
    for name in ("out.pdf", "out.html"):
        call_command("explain", "ada@example.com", "--letter", str(tmp_path / name), "--language", "fr")

    call_command("explain", "ada@example.com", "--letter", str(tmp_path / "then.html"), "--at", "2026-01-24")

    assert pages((tmp_path / "out.pdf").read_bytes()) == 1
    assert '<html lang="fr">' in (tmp_path / "out.html").read_text()
    assert "On Jan. 24, 2026 your score at Cuvelog was 10." in (tmp_path / "then.html").read_text()


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["out.txt"], "A letter is a .pdf or an .html file."),
        (["out.pdf", "--at", "2026-01-01", "--rules", "today"], "--letter goes with --language and --at only"),
        (["out.pdf", "--json"], "--letter goes with --language and --at only"),
        (["out.pdf", "--at", "2027-01-01"], "has not come yet"),
        (["nowhere/out.pdf"], "No such file"),
    ],
)
def test_the_command_refuses_what_makes_no_sense(ada, tmp_path, monkeypatch, more, sentence):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandError, match=re.escape(sentence)):
        call_command("explain", "ada@example.com", "--letter", *more)
