"""Visitors who come while one watches: they read the mails really delivered, click, look around, fill in forms, download.

Everything goes over HTTP to the running server, as from outside; only newsletters to send are asked for in the database.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections

from campaigns.models import Delivery, Email, Integration, Message
from config.demo_world import browser, people, site
from config.demo_world.browser import Browser, NotLocal, Page, Unreachable, WebForm
from config.demo_world.funnel import STAGES
from config.demo_world.mailbox import Mail, Mailbox
from config.demo_world.receiver import Receiver
from config.demo_world.watch import Watch
from contacts import consent
from contacts.models import Channel, Contact, Purpose, Stage
from scoring import values
from scoring.models import PointGroup
from tracking.models import Asset, LandingPage
from tracking.verdicts.judging_sql import AFTER_SENT

MAIL = Path(settings.BASE_DIR) / "var" / "mail"
NEWSLETTERS = 12
UNREAD = 15  # of the mails delivered before
READING = 1.2  # seconds before a form is sent: nobody fills one in faster, and the product knows
MOST_MINUTES = 240
MOST_VISITORS = 500


@dataclass
class Plan:
    """How long, how many, how fast, and with which dice."""

    url: str
    minutes: float = 2
    visitors: int = 30
    speed: float = 1
    seed: int | None = None
    mail: Path = MAIL
    newsletters: int = NEWSLETTERS
    say: Callable[[str], None] = print
    random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.minutes = min(self.minutes, MOST_MINUTES)
        self.visitors = min(self.visitors, MOST_VISITORS)
        self.url = self.url.rstrip("/")


def play(plan: Plan) -> int:
    """Let visitors come until the time or their number is used up; return how many came. Raises Unreachable, NotLocal."""
    Browser().get(f"{plan.url}/healthz/live")
    integration = Integration.objects.filter(is_active=True, url__startswith="http://127.0.0.1:").first()
    with Receiver(integration.url if integration else "", integration.secret if integration else "", plan.say):
        return Play(plan).run()


class Play:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.random = plan.random
        self.mailbox = Mailbox(plan.mail, keep=UNREAD)
        self.watch = Watch()
        self.last_text = (
            Message.objects.filter(channel=Channel.SMS).order_by("-pk").values_list("pk", flat=True).first() or 0
        )
        self.waiting: list[tuple[float, Callable[[], None]]] = []  # from when on, and what

    def run(self) -> int:
        until = time.monotonic() + self.plan.minutes * 60
        pause = self.plan.minutes * 60 / max(1, self.plan.visitors) / self.plan.speed
        self._write_newsletters()
        came = 0
        while came < self.plan.visitors and time.monotonic() < until:
            self._let(self._collect)
            is_due = bool(self.waiting) and self.waiting[0][0] <= time.monotonic()
            self._let(self.waiting.pop(0)[1] if is_due and self.random.random() < 0.7 else self._stranger)
            came += 1
            time.sleep(min(max(pause * self.random.uniform(0.4, 1.6), 0), max(0, until - time.monotonic())))
            self._let(self._report)
        time.sleep(min(2.0, max(0.0, until - time.monotonic())))
        self._let(self._report)
        return came

    def _let(self, visit: Callable[[], None]) -> None:
        """One visit, or a look at what came of it. A server that is away for a moment is worth a line, not the end."""
        try:
            visit()
        except (Unreachable, NotLocal) as error:
            self.plan.say(f"  a visitor got no answer: {error}")
        except (OperationalError, InterfaceError) as error:
            self.plan.say(f"  the database is away: {str(error).splitlines()[0]}")
            close_old_connections()

    def _report(self) -> None:
        for line in self.watch.look():
            self.plan.say(line)

    # --- mails ---

    def _write_newsletters(self) -> None:
        """Ask for the newest letter to be sent to leads just below a threshold: the product sends it in its own time."""
        for language in ("fr", "en"):
            letter = Email.objects.filter(is_active=True, language=language, name__contains="14").first()
            readers = list(near(language, self.plan.newsletters // 2)) if letter else []
            Delivery.objects.bulk_create(
                Delivery(contact=contact, type="send_email", params={"email": letter.pk if letter else 0})
                for contact in readers
            )
            for contact in readers:
                self.plan.say(f"“{letter}” is to be sent to {contact}")

    def _collect(self) -> None:
        """New mails and SMS wait for their readers, who are slower than the programs that check mails."""
        due = time.monotonic() + AFTER_SENT + 1
        for mail in self.mailbox.new():
            self.waiting.append((due, lambda mail=mail: self._read(mail)))  # type: ignore[misc]
        for message in Message.objects.filter(
            channel=Channel.SMS, pk__gt=self.last_text, sent_at__isnull=False
        ).order_by("pk"):
            self.last_text = message.pk
            self.waiting.append((due, lambda message=message: self._read_text(message)))  # type: ignore[misc]

    def _read(self, mail: Mail) -> None:
        reader = Contact.objects.filter(email=mail.to).select_related("company").first()
        if reader is None:
            return  # a colleague's
        visitor = Browser()
        pixel = next((image for image in mail.images if "/t/o/" in image), "")
        if pixel and self.random.random() < 0.85:
            visitor.get(pixel)
            self.plan.say(f"{reader} opens “{mail.subject}”")
        tracked = [link for link in mail.links if "/t/c/" in link]
        if tracked and self.random.random() < 0.65:
            self._click(visitor, self.random.choice(tracked), reader)

    def _read_text(self, message: Message) -> None:
        link = next((word for word in message.text.split() if "/t/c/" in word), "")
        if link and message.contact:
            self.plan.say(f"{message.contact} reads an SMS")
            self._click(Browser(), link, message.contact)

    def _click(self, visitor: Browser, link: str, reader: Contact) -> None:
        page = visitor.get(link)
        self.plan.say(f"{reader} clicks through to {shown(page.url)}")
        if page.status == 0:
            self._look_around(visitor, page.url, reader.language)
        elif (form := next(iter(browser.forms(page)), None)) and self.random.random() < 0.6:
            self._fill_in(visitor, page, form, answers_of(reader), str(reader))

    # --- the site ---

    def _look_around(self, visitor: Browser, url: str, language: str) -> None:
        """Pages of Cuvelog's site, told by its script; the first with the pass that came with the click."""
        parts = urlsplit(url)
        given = parse_qs(parts.query).get("bm", [""])[0]
        pages = [f"{parts.scheme}://{parts.netloc}{parts.path}"]
        topics = {"pricing": 3, "product": 3, "customers": 2, "demo": 1, "blog": 2}
        for topic in self.random.choices(list(topics), list(topics.values()), k=self.random.randint(0, 3)):
            pages.append(self.random.choice(site.about("fr" if language == "fr" else "en", topic)).url)
        visitor_id = visitor.cookie("bareme_browser") or str(uuid.uuid4())
        hits = [{"kind": "page", "key": str(uuid.uuid4()), "url": page, "title": title(page)} for page in pages]
        visitor.send_json(f"{self.plan.url}/t/b", {"visitor": visitor_id, "pass": given, "hits": hits})
        for page in pages[1:]:
            self.plan.say(f"    … and looks at {shown(page)}")

    def _stranger(self) -> None:
        """Somebody nobody knows yet: looks around, perhaps takes up the promise of a landing page."""
        visitor = Browser()
        language = self.random.choice(["fr", "fr", "en"])
        first = self.random.choice(site.about(language, self.random.choice(["home", "blog", "product"])))
        self.plan.say(f"somebody comes to {shown(first.url)}")
        self._look_around(visitor, first.url, language)
        open_pages = [
            page for page in LandingPage.objects.filter(language=language, is_published=True) if page.is_open()
        ]
        if open_pages and self.random.random() < 0.6:
            self._land(visitor, self.random.choice(open_pages), language)
        elif self.random.random() < 0.5:
            self._download(visitor)

    def _land(self, visitor: Browser, row: LandingPage, language: str) -> None:
        page = visitor.get(f"{self.plan.url}/p/{row.slug}")
        self.plan.say(f"    … lands on “{row.title}”")
        if (form := next(iter(browser.forms(page)), None)) and self.random.random() < 0.75:
            known = invent(self.random, language)
            self._fill_in(visitor, page, form, known, f"{known['first_name']} {known['last_name']}")

    def _download(self, visitor: Browser) -> None:
        asset = Asset.objects.filter(is_active=True, gate=None).exclude(file="").order_by("?").first()
        if asset:
            visitor.get(f"{self.plan.url}/a/{asset.public_id}")
            self.plan.say(f"    … downloads “{asset}”")

    def _fill_in(self, visitor: Browser, page: Page, form: WebForm, known: dict[str, str], who: str) -> None:
        time.sleep(READING)
        answer = visitor.post(form.action, {**form.hidden, **dict(self._answers(form, known))})
        done = "submits" if answer.status == 200 else f"is refused ({answer.status})"
        self.plan.say(f"{who} {done} the form on {shown(page.url)}")
        for link in browser.links(answer):
            if "/a/" in link:
                visitor.get(link)
                self.plan.say(f"    … and downloads {shown(link)}")
                break

    def _answers(self, form: WebForm, known: dict[str, str]) -> Iterator[tuple[str, str | list[str]]]:
        for name, type_ in form.inputs.items():
            options = form.options.get(name, [])
            if name == "bareme_fax":
                continue  # the honeypot: people do not see it
            if name in known:
                yield name, known[name]
            elif type_ == "checkbox":
                yield name, options if len(options) == 1 else self.random.sample(options, 1)
            elif options:
                yield name, self.random.choice(options)


# --- who ---


def near(language: str, count: int) -> Iterator[Contact]:
    """Leads who may be written to and followed, with a score just below 20 or 60."""
    won = Stage.objects.filter(position__gt=list(STAGES).index("customer"))
    engagement = values.of(PointGroup.objects.get(position=1).pk)
    for low, high in ((50, 60), (14, 20), (0, 14)):
        scores = engagement.between(Decimal(low), Decimal(high)).filter(contact__language=language)
        scores = scores.exclude(contact__stage__in=won)
        ids = list(scores.order_by("-value").values_list("contact_id", flat=True)[: count * 3])
        allowed = consent.allowed(Purpose.EMAIL_TRACKING, ids) - consent.blocked(Channel.EMAIL, ids)
        chosen = [pk for pk in ids if pk in allowed][: max(1, count // 2) if low else count]
        yield from Contact.objects.filter(pk__in=chosen, email__isnull=False)
        count -= len(chosen)
        if count <= 0:
            return


def answers_of(contact: Contact) -> dict[str, str]:
    known = {
        "email": contact.email or "",
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "job_title": contact.job_title,
        "company": contact.company.name if contact.company else "",
        "phone": contact.phone,
    }
    return known | {"message": ""}


def invent(dice: random.Random, language: str) -> dict[str, str]:
    gender = dice.choice("fm")
    first_name, last_name = dice.choice(people.FIRST_NAMES[language, gender]), dice.choice(people.LAST_NAMES[language])
    return {
        "email": f"{people.plain(first_name)}.{people.plain(last_name)}{dice.randrange(1000)}@courriel.example",
        "first_name": first_name,
        "last_name": last_name,
        "company": f"Brasserie {last_name}" if language == "fr" else f"{last_name} Brewing",
        "job_title": dice.choice(list(people.JOBS[language]))[gender == "f"],
        "phone": "",
        "message": "",
    }


def title(url: str) -> str:
    return next((page.title for page in site.PAGES if page.url == url), "")


def shown(url: str) -> str:
    """An address without what is only for machines."""
    parts = urlsplit(url)
    return f"{parts.netloc}{parts.path}"
