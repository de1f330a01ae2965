"""Visitors come to a running server: what they do arrives, and they go nowhere else."""

import hashlib
import hmac
import json
import urllib.request

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from campaigns.models import Delivery, Message
from config.demo_world import browser, load, mailbox
from config.demo_world.browser import Browser, NotLocal, Page
from config.demo_world.receiver import Receiver
from config.demo_world.visitors import Plan, Play, play
from tracking.models import Event, Kind

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.mark.slow
def test_mails_are_opened_and_strangers_come(server, mail_folder):
    load.load("fr", 20, lambda line: None)
    before = Event.objects.count()
    said = []

    came = play(
        Plan(url=server, minutes=1, visitors=8, speed=5, seed=3, mail=mail_folder, newsletters=4, say=said.append)
    )

    letters = Delivery.objects.filter(type="send_email", firing=None, step_run=None)
    assert came == 8
    assert set(letters.values_list("state", flat=True)) == {Delivery.State.SENT}
    assert len(list(mail_folder.glob("*.eml"))) >= letters.count() > 0
    assert any(" opens “" in line for line in said)
    assert any(line.startswith("somebody comes to www.cuvelog.example") for line in said)
    new = Event.objects.order_by("-id")[: Event.objects.count() - before]
    assert {Kind.EMAIL_SENT, Kind.EMAIL_OPENED, Kind.PAGE_VISITED} <= {event.kind for event in new}
    opened = [event for event in new if event.kind == Kind.EMAIL_OPENED]
    assert all(Message.objects.get(pk=event.message_id).contact_id == event.contact_id for event in opened)


@pytest.mark.django_db
def test_a_database_that_is_away_for_a_moment_is_worth_a_line(mail_folder):
    def away():
        raise OperationalError("terminating connection\nsee the log")

    said = []
    play = Play(Plan(url="http://localhost:1", mail=mail_folder, say=said.append))
    play._let(away)
    play._let(lambda: said.append("the next one"))

    assert said == ["  the database is away: terminating connection", "the next one"]


def test_other_machines_are_refused():
    assert not browser.is_local("https://www.cuvelog.example/tarifs")
    assert not browser.is_local("http://192.0.2.1/")
    assert not browser.is_local("file:///etc/hosts")
    assert browser.is_local("http://localhost:8010/p/demonstration")
    with pytest.raises(NotLocal):
        Browser().get("http://192.0.2.1/")
    with pytest.raises(CommandError, match="is not on this machine"):
        call_command("simulate", "--url", "http://192.0.2.1:8010")


def test_a_server_that_does_not_run_is_named(unused_port):
    with pytest.raises(CommandError, match="Nothing answers"):
        call_command("simulate", "--url", f"http://127.0.0.1:{unused_port}")


@pytest.mark.parametrize("option", [("--minutes", "0"), ("--visitors", "-1"), ("--speed", "0")])
def test_numbers_that_make_no_sense_are_refused(option):
    with pytest.raises(CommandError, match="numbers above 0"):
        call_command("simulate", *option)


def test_a_form_is_read_with_what_it_hides_and_what_it_asks():
    page = Page(
        "http://localhost/p/x",
        200,
        '<form method="post" action="/f/1"><input type="hidden" name="nonce" value="n"><input name="email" type="email">'
        '<select name="tool"><option value="">-</option><option value="a">A</option></select>'
        '<input type="radio" name="when" value="now"><input type="radio" name="when" value="later"></form>',
    )

    (form,) = browser.forms(page)

    assert form.action == "http://localhost/f/1"
    assert form.hidden == {"nonce": "n"}
    assert form.inputs == {"email": "email", "tool": "select", "when": "radio"}
    assert form.options == {"tool": ["a"], "when": ["now", "later"]}


def test_a_mail_is_read_with_its_links_and_its_pixel():
    content = (
        b"Delivered-To: Camille@client.example\r\nSubject: =?utf-8?q?Bi=C3=A8re?=\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: text/html; charset=utf-8\r\n\r\n"
        b'<a href="http://localhost/t/c/abc">x</a><img src="http://localhost/t/o/abc.gif">'
    )

    mail = mailbox.read(content)

    assert (mail.to, mail.subject) == ("camille@client.example", "Bière")
    assert (mail.links, mail.images) == (("http://localhost/t/c/abc",), ("http://localhost/t/o/abc.gif",))


def test_mails_are_handed_out_once(tmp_path):
    (tmp_path / "1.eml").write_bytes(b"To: a@client.example\r\n\r\n")
    (tmp_path / "2.eml").write_bytes(b"To: b@client.example\r\n\r\n")
    box = mailbox.Mailbox(tmp_path, keep=1)
    (tmp_path / "3.eml").write_bytes(b"To: c@client.example\r\n\r\n")

    assert [mail.to for mail in box.new()] == ["b@client.example", "c@client.example"]
    assert list(box.new()) == []


@pytest.mark.parametrize(
    ("secret", "status", "said"),
    [
        ("secret", 200, "the sales software was told about Léa Martin: Engagement 61"),
        ("another", 400, "the sales software refused a push whose signature is wrong"),
    ],
)
def test_the_sales_software_listens_to_us_alone(unused_port, secret, status, said):
    told = {"contact": {"first_name": "Léa", "last_name": "Martin"}, "score": {"group": "Engagement", "value": 61.0}}
    body = json.dumps(told).encode()
    mac = hmac.new(secret.encode(), b"1." + body, hashlib.sha256).hexdigest()
    lines = []
    url = f"http://127.0.0.1:{unused_port}/crm"

    with Receiver(url, "secret", lines.append):
        request = urllib.request.Request(url, data=body, headers={"X-Bareme-Signature": f"t=1,v1={mac}"})
        try:
            answered = urllib.request.urlopen(request, timeout=5).status
        except urllib.error.HTTPError as error:
            answered = error.code
            error.close()

    assert (answered, lines) == (status, [said])
