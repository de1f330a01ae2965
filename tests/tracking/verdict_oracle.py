"""Verdicts told slowly and plainly: every event against every other. Written apart from the statement it checks."""

from dataclasses import dataclass
from datetime import timedelta

from tracking.models import Verdict
from tracking.verdicts import lists
from tracking.verdicts.reasons import Reason

OPEN, CLICK, HIDDEN, PAGE, LANDING, SENT = "open", "click", "hidden", "page", "landing", "sent"


def seconds(number):
    return timedelta(seconds=number)


@dataclass(frozen=True)
class Seen:
    """An event as stored: `marked` is what a person said of it (True: machine), `link` what a click was about."""

    key: object
    what: str
    at: object
    contact: int
    message: int | None = None
    link: int | None = None
    agent: str = ""
    network: str = ""
    head: bool = False
    prefetch: bool = False
    has_pass: bool = False
    marked: bool | None = None

    @property
    def is_click(self):
        return self.what in (CLICK, HIDDEN)

    @property
    def program(self):
        return (self.contact, self.network, self.agent) if self.network and self.agent else None


def judge(events, links):
    """{key: (verdict, reasons)}; `links`: how many links each message has."""
    judged = [event for event in events if event.what != SENT]
    reasons = {event.key: own(event) for event in judged}
    for event in judged:
        reasons[event.key] |= around(event, [other for other in events if same_copy(event, other)], links)
    telling = Reason.HEAD | Reason.HIDDEN_LINK | Reason.SEVERAL_AT_ONCE | Reason.TOO_SOON | Reason.AFTER_HEAD
    told = {
        event.key: reasons[event.key]
        for event in judged
        if event.is_click and event.message and reasons[event.key] & telling
    }
    for event in judged:
        mates = [
            o for o in judged if same_copy(event, o) and event.program and event.program == o.program and o.key in told
        ]
        if not reasons[event.key] & (STRONG | telling) and any(abs(o.at - event.at) <= seconds(60) for o in mates):
            reasons[event.key] |= Reason.SAME_PROGRAM
    before = dict(reasons)
    for visit in judged:
        clicks = led_by(visit, judged)
        if any(before[click.key] & STRONG for click in clicks):
            reasons[visit.key] |= Reason.LED_BY_MACHINE
        elif clicks and visit.what == PAGE and not before[visit.key] & (STRONG | Reason.MARKED_MACHINE):
            for click in clicks:
                reasons[click.key] |= Reason.CONFIRMED
    return {key: (verdict(found), int(found)) for key, found in reasons.items()}


STRONG = (
    Reason.LISTED_AGENT
    | Reason.HIDDEN_LINK
    | Reason.SEVERAL_AT_ONCE
    | Reason.TOO_SOON
    | Reason.AFTER_HEAD
    | Reason.SAME_PROGRAM
    | Reason.LED_BY_MACHINE
)


def same_copy(one, other):
    return bool(one.message) and (one.contact, one.message) == (other.contact, other.message)


def own(event):
    found = lists.of_agent(event.agent) if event.agent else Reason(0)
    if event.network:
        found |= lists.of_network(event.network)
    if event.head:
        found |= Reason.HEAD
    if event.prefetch:
        found |= Reason.PREFETCHED
    if event.what == HIDDEN:
        found |= Reason.HIDDEN_LINK
    if event.marked is not None:
        found |= Reason.MARKED_MACHINE if event.marked else Reason.MARKED_PERSON
    return found


def around(event, copy, links):
    """What the rest of the same copy of a message says."""
    found = Reason(0)
    clicks = [other for other in copy if other.is_click]
    if any(other.what == HIDDEN and abs(other.at - event.at) <= seconds(10) for other in copy):
        found |= Reason.HIDDEN_LINK
    if event.is_click and any(o.link != event.link and abs(o.at - event.at) <= seconds(1) for o in clicks):
        found |= Reason.SEVERAL_AT_ONCE
    if event.is_click:
        whole = event.at.replace(microsecond=0)
        near = {o.link for o in clicks if o.what == CLICK and abs(o.at.replace(microsecond=0) - whole) <= seconds(20)}
        # A second with nothing but the hidden link in it is not looked at: it has its reason already.
        is_counted = any(o.what == CLICK and o.at.replace(microsecond=0) == whole for o in clicks)
        if is_counted and len(near) >= 3 and len(near) >= links[event.message]:
            found |= Reason.EVERY_LINK
    sent = [other.at for other in copy if other.what == SENT]
    proxied = own(event) & Reason.IMAGE_PROXY
    if sent and min(sent) - seconds(30) <= event.at <= min(sent) + seconds(10 if proxied else 3):
        found |= Reason.PREFETCHED if proxied else Reason.TOO_SOON
    if not event.head and event.network:
        for other in copy:
            asked_same = other.what == event.what and other.link == event.link and other.network == event.network
            if other.head and asked_same and seconds(0) <= event.at - other.at <= seconds(10):
                found |= Reason.AFTER_HEAD
    return found


def led_by(visit, judged):
    """The clicks that led to a visit with a pass: the latest before it by the same program."""
    if visit.message or not visit.has_pass or not visit.program:
        return []
    clicks = [
        o for o in judged if o.is_click and o.message and not o.head and o.program == visit.program and o.at <= visit.at
    ]
    latest = max((click.at for click in clicks), default=None)
    if latest is None or visit.at - latest > seconds(60):
        return []
    return [click for click in clicks if click.at == latest]


def verdict(found):
    if found & Reason.HEAD:
        return Verdict.SCANNER
    if found & Reason.MARKED_PERSON:
        return Verdict.HUMAN
    if found & (Reason.MARKED_MACHINE | STRONG):
        return Verdict.SCANNER
    if found & Reason.PREFETCHED:
        return Verdict.PROXY
    if found & Reason.CONFIRMED:
        return Verdict.HUMAN
    if found & (Reason.LISTED_NETWORK | Reason.EVERY_LINK):
        return Verdict.SCANNER
    return Verdict.UNKNOWN
