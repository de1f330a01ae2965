"""The outside world of campaigns, for real: a mail server and an HTTP receiver on this machine."""

import email
import email.policy
import http.server
import socket
import threading
from decimal import Decimal

import pytest
from aiosmtpd.controller import Controller
from django.urls import reverse

from scoring import rules
from scoring.models import ContactScore, PointAction, PointGroup
from scoring.scores import Movement
from tests.campaigns.drafting import people_of
from tests.factories import CampaignFactory, ContactFactory, TagFactory
from tests.scoring.conftest import SINCE


class MailServer:
    """Takes mails and keeps them; `answers` maps an address to what RCPT says, `answer_data` is what DATA says."""

    def __init__(self):
        self.mails = []
        self.answers = {}
        self.answer_data = "250 2.0.0 Kept"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if (answer := self.answers.get(address)) is not None:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.answer_data.startswith("250"):
            mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
            self.mails.append((envelope.rcpt_tos, mail))
        return self.answer_data


@pytest.fixture
def smtp(settings):
    """A mail server the mails really go to."""
    handler = MailServer()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.DEFAULT_FROM_EMAIL = "Bareme <hello@bareme.example>"
    yield handler
    controller.stop()


@pytest.fixture
def receiver(settings):
    """An HTTP receiver: `requests` are (path, headers, body), `answer` is (status, body)."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.requests.append((self.path, dict(self.headers), body))
            status, text = server.answer
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.requests, server.answer = [], (200, b"ok")
    server.url = f"http://127.0.0.1:{server.server_port}/hook"
    settings.ALLOW_PRIVATE_WEBHOOKS = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def group(db):
    return PointGroup.objects.create(name="Engagement")


def move(contact, before, after, group=None):
    return Movement(contact.pk, group.pk if group else None, Decimal(before), Decimal(after))


def give_score(contact, score, group=None):
    ContactScore.objects.update_or_create(contact=contact, group=group, defaults={"score": score})


@pytest.fixture
def anne(db):
    return ContactFactory(email="anne@example.com", country="FR")


@pytest.fixture
def briton(db):
    return ContactFactory(email="briton@example.com", country="GB")


@pytest.fixture
def tag(db):
    return TagFactory(name="warm")


@pytest.fixture
def campaign(db):
    return CampaignFactory(name="Welcome")


@pytest.fixture
def rule(engagement):
    action = PointAction.objects.create(
        name="Download", source="asset_downloaded", params={"only": []}, points=5, repeat="object", group=engagement
    )
    rules.publish(action, since=SINCE)
    return action


@pytest.fixture
def people(rule):
    """Ada with 15 points, Bob with 10, Cleo with 5."""
    return people_of(rule, {"ada": 3, "bob": 2, "cleo": 1})


@pytest.fixture
def page(admin_client):
    """page("trigger", "change", 1): GET, or POST with data."""

    def page(model, view="changelist", *args, data=None, **options):
        address = reverse(f"admin:campaigns_{model}_{view}", args=args)
        return admin_client.get(address, options) if data is None else admin_client.post(address, data)

    return page
