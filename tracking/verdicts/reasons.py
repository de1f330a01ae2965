"""What speaks for a machine or for a person, as numbers that are stored with events, and the verdict that follows."""

from __future__ import annotations

from enum import IntFlag

from tracking.models import Kind

# A verdict is given to these. What is sent to us by a form, a program with a key or our own code is somebody's word.
CLICKS = (Kind.EMAIL_CLICKED, Kind.SMS_CLICKED)
VISITS = (Kind.PAGE_VISITED, Kind.LANDING_PAGE_VISITED, Kind.ASSET_DOWNLOADED)
JUDGED = (Kind.EMAIL_OPENED, *CLICKS, *VISITS)
SENT = (Kind.EMAIL_SENT, Kind.SMS_SENT)


class Sign(IntFlag):
    """What the request itself was. Stored with events: never change a number."""

    HEAD = 1  # asked for the address without wanting what is there
    PREFETCH = 2  # a browser that said it fetches in advance
    PASS = 4  # a page view that came with the pass of a tracked link


class Reason(IntFlag):
    """Why an event has its verdict. Stored with events: never change a number."""

    LISTED_AGENT = 1  # the program is on a list of robots
    LISTED_NETWORK = 2  # the network belongs to a mail security service
    HEAD = 4
    HIDDEN_LINK = 8  # followed a link that no person sees, or came with who did
    SEVERAL_AT_ONCE = 16  # several links of one message within a second
    EVERY_LINK = 32  # every link of the message within seconds
    TOO_SOON = 64  # sooner after the delivery than a person can be
    AFTER_HEAD = 128  # the same network had just asked with HEAD
    SAME_PROGRAM = 256  # the program that a moment before or after acted like a machine
    LED_BY_MACHINE = 512  # a page that a machine came to by its click
    PREFETCHED = 1024  # fetched in advance by a mail program or browser
    IMAGE_PROXY = 2048  # shown by a mail service: a person looked, from a program and place we cannot see
    CONFIRMED = 4096  # the page that was led to ran our script
    MARKED_MACHINE = 8192
    MARKED_PERSON = 16384
    SETTLED = 32768  # the verdict stands: what it was made from is not kept for ever (tracking.retention)
    SETTLED_MACHINE = 65536  # a network or program it came from was marked then
    SETTLED_PERSON = 131072


# What a page view that follows can outweigh, and what it cannot.
WEAK = Reason.LISTED_NETWORK | Reason.EVERY_LINK
STRONG = (
    Reason.LISTED_AGENT
    | Reason.HIDDEN_LINK
    | Reason.SEVERAL_AT_ONCE
    | Reason.TOO_SOON
    | Reason.AFTER_HEAD
    | Reason.SAME_PROGRAM
    | Reason.LED_BY_MACHINE
)
# Behaviour by which a program betrays itself: whatever else it did around that moment was no person either.
TELLING = Reason.HEAD | Reason.HIDDEN_LINK | Reason.SEVERAL_AT_ONCE | Reason.TOO_SOON | Reason.AFTER_HEAD
MARKED = Reason.MARKED_MACHINE | Reason.MARKED_PERSON
SETTLED_MARKS = 3  # bits from what was marked when it was settled to what is marked


def verdict_of(reasons: str) -> str:
    """The verdict, in SQL, that follows from reasons: the one definition.

    A mark of a person outranks what we found; nothing outranks HEAD, which shows nobody anything. What nothing speaks
    against is unknown, and counts: the default is to believe.
    """
    return f"""CASE
      WHEN {reasons} & {int(Reason.HEAD)} <> 0 THEN 3
      WHEN {reasons} & {int(Reason.MARKED_PERSON)} <> 0 THEN 1
      WHEN {reasons} & {int(Reason.MARKED_MACHINE | STRONG)} <> 0 THEN 3
      WHEN {reasons} & {int(Reason.PREFETCHED)} <> 0 THEN 2
      WHEN {reasons} & {int(Reason.CONFIRMED)} <> 0 THEN 1
      WHEN {reasons} & {int(WEAK)} <> 0 THEN 3
      ELSE 0 END"""
