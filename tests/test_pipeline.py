"""The whole main job, over HTTP, with the real database, worker, clock, broker and mail server.

Camille reads prices without saying who she is, clicks in an email, asks for a demo on another site, downloads the guide:
her score reaches 50, and what the marketer wanted happens.
"""

import hashlib
import hmac
import json
import re
import time
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from campaigns.models import (
    Campaign,
    Delivery,
    Email,
    Enrolment,
    Firing,
    Integration,
    Message,
    Step,
    Trigger,
    TriggerAction,
)
from contacts.models import Consent, Contact, Segment, Tag
from scoring import rules, sql
from scoring.explain import explain
from scoring.models import PointAction, PointGroup, Repeat
from tests import live
from tests.campaigns.conftest import receiver, smtp  # noqa: F401 - fixtures
from tests.live import until
from tracking.models import Asset, Form, FormField, Hit
from tracking.verdicts.judging_sql import AFTER_SENT
from tracking.views.drawing import plain_html

SITE = "https://www.atelier-boreal.example"
BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


@pytest.fixture
def worker(transactional_db, live_server, smtp, settings, tmp_path):  # noqa: F811
    with live.celery(tmp_path / "beat", live_server.url, settings) as process:
        yield process


@pytest.fixture
def world(transactional_db, receiver):  # noqa: F811
    """What the marketer has set up."""
    return World(receiver.url)


class World:
    def __init__(self, webhook):
        self.engagement = PointGroup.objects.create(name="Engagement")
        self.fit = PointGroup.objects.create(name="Fit", weight=2)
        self.camille = Contact.objects.create(email="camille@client.example", first_name="Camille", language="fr")
        Consent.objects.create(contact=self.camille, purpose="email_tracking", granted=True, source="fair 2026")
        self.newsletter = self._email(
            "Newsletter", f'<p>Hello {{{{ contact.first_name }}}}, <a href="{SITE}/offer">our offer</a>.</p>'
        )
        self.welcome = self._email("Shall we talk?", "<p>You seem to like us, {{ contact.first_name }}.</p>")
        self.form = self._form()
        self.guide = Asset.objects.create(name="The guide", file=ContentFile(b"%PDF-1.4 guide", "guide.pdf"))
        self._rules()
        self.tag, self.segment = Tag.objects.create(name="hot"), Segment.objects.create(name="Call first")
        self.integration = Integration.objects.create(name="CRM", url=webhook)
        self.campaign = Campaign.objects.create(name="Nurture", is_active=True)
        points = {"group": self.engagement.pk, "points": 3}
        Step.objects.create(campaign=self.campaign, type="add_points", params=points, position=1)
        self._trigger()

    def _email(self, name, html):
        return Email.objects.create(name=name, subject_line=name, html=html)

    def _form(self):
        form = Form.objects.create(name="Ask for a demo")
        text = "I agree to be recognised on this site."
        for position, (key, type, field, extra) in enumerate(
            [
                ("email", "email", "email", {"required": True}),
                ("job", "text", "job_title", {}),
                ("team", "select", "", {"choices": ["1-9", "10-99", "100+"]}),
                ("tracking", "consent", "", {"purpose": "web_tracking", "label": text}),
            ]
        ):
            FormField.objects.create(
                **{
                    "form": form,
                    "key": key,
                    "label": key,
                    "type": type,
                    "contact_field": field,
                    "position": position,
                    **extra,
                }
            )
        return form

    def _rules(self):
        only = {"addresses": ["atelier-boreal.example/pricing"]}
        self._rule("Reads the prices", "page_visited", 5, params=only)
        self._rule("Opens a mail", "email_opened", 1, Repeat.DAILY)
        self._rule("Clicks in a mail", "email_clicked", 10)
        self._rule("Asks for a demo", "form_submitted", 20, form=self.form)
        team = self.form.fields.get(key="team")
        self._rule("Large team", "form_answered", 4, params={"question": team.pk, "answers": ["100+"]})
        self._rule("Downloads", "asset_downloaded", 15)
        decider = {"all": [{"filter": "field", "field": "job_title", "op": "contains", "value": "direct"}]}
        self._rule("Decides", "profile_matches", 7, Repeat.ONCE, group=self.fit, params={"conditions": decider})

    def _rule(self, name, source, points, repeat=Repeat.ONCE_PER_OBJECT, group=None, **fields):
        action = PointAction.objects.create(
            name=name, source=source, points=points, repeat=repeat, group=group or self.engagement, **fields
        )
        rules.publish(action, since=timezone.now() - timedelta(days=1))

    def _trigger(self):
        self.trigger = Trigger.objects.create(name="Ready to buy", group=self.engagement, threshold=50)
        for position, (type, params) in enumerate(
            [
                ("send_email", {"email": self.welcome.pk}),
                ("change_tags", {"add": [self.tag.pk], "remove": []}),
                ("change_segments", {"add": [self.segment.pk], "remove": []}),
                ("send_webhook", {"integration": self.integration.pk}),
                ("start_campaign", {"campaign": self.campaign.pk}),
            ]
        ):
            TriggerAction.objects.create(trigger=self.trigger, type=type, params=params, position=position)


def lines(contact):
    statement = explain(contact)
    return {(part.group.name, line.name): line.points for part in statement.groups for line in part.lines}


@pytest.mark.slow
def test_from_a_click_to_an_action(world, worker, live_server, smtp, receiver):  # noqa: F811
    camille, visitor = world.camille, str(uuid4())
    site = httpx.Client(headers=BROWSER | {"Origin": SITE})  # her browser on the company's site
    ours = httpx.Client(headers=BROWSER, base_url=live_server.url)  # … and at our own addresses

    # She reads the prices; nobody knows who she is.
    visit(site, live_server, visitor, f"{SITE}/pricing/?utm_source=search")
    until(lambda: not Hit.objects.exists())
    assert lines(camille) == {}

    # The newsletter reaches her; she opens it and clicks. The page she lands on tells whose browser it is.
    Delivery.objects.create(contact=camille, type="send_email", params={"email": world.newsletter.pk})
    mail = until(lambda: smtp.mails and smtp.mails[0][1])
    html = mail.get_body(("html",)).get_content()
    assert "Hello Camille" in html
    time.sleep(AFTER_SENT + 1)  # sooner, she would be taken for a program that checks mails
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert ours.get(re.search(r'src="([^"]+/t/o/[^"]+)"', html)[1]).headers["Content-Type"] == "image/gif"
    landed = ours.get(re.search(r'href="([^"]+/t/c/[^"]+)"', html)[1])
    assert landed.status_code == 302
    assert landed.headers["Location"].startswith(f"{SITE}/offer")
    visit(site, live_server, visitor, landed.headers["Location"])
    until(lambda: ("Engagement", "Reads the prices") in lines(camille))  # what she did before counts now
    assert lines(camille) == {
        ("Engagement", "Reads the prices"): 5,
        ("Engagement", "Opens a mail"): 1,
        ("Engagement", "Clicks in a mail"): 10,
    }

    # On a page of somebody else she fills in our form, pasted there as plain HTML.
    posted = submit(
        ours, plain_html(world.form), email="Camille@Client.example", job="Directrice", team="100+", tracking="on"
    )
    assert posted.status_code == 303
    until(lambda: ("Fit", "Decides") in lines(camille))
    assert Firing.objects.count() == 0

    # The download takes her to 55.
    assert ours.get(f"/a/{world.guide.public_id}").content == b"%PDF-1.4 guide"
    until(lambda: Delivery.objects.filter(firing__isnull=False, state="sent").count() == 5)
    until(lambda: ("Engagement", "Campaign") in lines(camille))

    assert lines(camille) == {
        ("Engagement", "Reads the prices"): 5,
        ("Engagement", "Opens a mail"): 1,
        ("Engagement", "Clicks in a mail"): 10,
        ("Engagement", "Asks for a demo"): 20,
        ("Engagement", "Large team"): 4,
        ("Engagement", "Downloads"): 15,
        ("Engagement", "Campaign"): 3,
        ("Fit", "Decides"): 7,
    }
    assert explain(camille).overall == 58 + 2 * 7
    assert sql.differences() == []

    firing = Firing.objects.get()
    assert (firing.trigger, firing.contact, firing.before, firing.after) == (world.trigger, camille, 40, 55)
    assert [to for to, _ in smtp.mails] == [["camille@client.example"]] * 2
    assert smtp.mails[1][1]["Subject"] == "Shall we talk?"
    assert [message.title for message in Message.objects.order_by("id")] == ["Newsletter", "Shall we talk?"]
    assert list(camille.tags.all()) == [world.tag]
    assert list(camille.memberships.values_list("segment", "is_member", "reason")) == [
        (world.segment.pk, True, "trigger")
    ]
    assert list(Enrolment.objects.values_list("campaign", "contact", "reason")) == [
        (world.campaign.pk, camille.pk, "trigger")
    ]
    assert_webhook_verifies(receiver, world.integration.secret)
    camille.refresh_from_db()
    assert camille.job_title == "Directrice"


def visit(site, live_server, visitor, url):
    """What the script on the company's site sends for a page view."""
    token = parse_qs(urlsplit(url).query).get("bm", [""])[0]
    hit = {"kind": "page", "key": str(uuid4()), "url": url, "title": "A page"}
    body = {"visitor": visitor, "hits": [hit]} | ({"pass": token} if token else {})
    assert site.post(f"{live_server.url}/t/b", content=json.dumps(body)).status_code == 204


def submit(client, html, **answers):
    """Fill in the form as a browser would: where its action says, with its hidden fields."""
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', html))
    return client.post(re.search(r'action="([^"]+)"', html)[1], data=hidden | answers)


def assert_webhook_verifies(receiver, secret):  # noqa: F811
    [(_, headers, body)] = receiver.requests
    at, mac = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", headers["X-Bareme-Signature"]).groups()
    assert hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest() == mac
    told = json.loads(body)
    assert (told["contact"]["email"], told["score"]["value"]) == ("camille@client.example", 55)
