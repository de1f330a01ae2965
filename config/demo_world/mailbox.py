"""The mails really delivered to the local mail catcher, read as a mail program would read them."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from config.demo_world import browser
from config.demo_world.browser import Page


@dataclass(frozen=True)
class Mail:
    to: str
    subject: str
    links: tuple[str, ...]
    images: tuple[str, ...]


class Mailbox:
    """The folder of the mail catcher. Each mail is handed out once, newest last."""

    def __init__(self, folder: Path, *, keep: int) -> None:
        """`keep`: how many of the mails that are there already count as unread."""
        self.folder = folder
        names = sorted(path.name for path in folder.glob("*.eml")) if folder.is_dir() else []
        self.seen = set(names[: len(names) - keep] if keep else names)

    def new(self) -> Iterator[Mail]:
        for path in sorted(self.folder.glob("*.eml")) if self.folder.is_dir() else ():
            if path.name not in self.seen:
                self.seen.add(path.name)
                yield read(path.read_bytes())


def read(content: bytes) -> Mail:
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("html",))
    page = Page("", 200, body.get_content() if body else "")
    return Mail(
        to=str(message["Delivered-To"] or message["To"] or "").strip().lower(),
        subject=" ".join(str(message["Subject"] or "").split()),
        links=tuple(browser.links(page)),
        images=tuple(browser.images(page)),
    )
