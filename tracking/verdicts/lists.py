"""What lists know of a program or network: looked up once for each, when it is first seen."""

from __future__ import annotations

import re
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from tracking.verdicts.reasons import Reason

# Mail programs that fetch images before anybody looks: Apple's Mail Privacy Protection gives only the beginning of a
# browser's name; Gmail, for whoever has it open when a mail arrives, that of a browser of 2015.
FETCHES_FIRST = re.compile(r"Mozilla/5\.0|.* Chrome/42\.0\.2311\.135 Safari/537\.36 Edge/12\.246 Mozilla/5\.0")
# Mail services through which people look: no robots, though their names are on lists of robots.
SHOWS_IMAGES = re.compile(
    r"GoogleImageProxy|YahooMailProxy|OutlookImageProxy|ProtonMail|DuckDuckGo.*Email", re.IGNORECASE
)
# Mail programs that show images themselves, which the list takes for robots.
MAIL_PROGRAM = re.compile(r"Microsoft Outlook|Outlook-(iOS|Android)|ms-office|Thunderbird/", re.IGNORECASE)
# What lists of crawlers have no reason to know.
MORE_MACHINES = re.compile(
    r"HeadlessChrome|PhantomJS|Barracuda|Mimecast|Proofpoint|SafeLinks|urlscan|Microsoft Office Existence Discovery",
    re.IGNORECASE,
)


def of_agent(text: str) -> Reason:
    """What the name of a program says. Half a millisecond: ask once for each."""
    if FETCHES_FIRST.fullmatch(text):
        return Reason.PREFETCHED
    if SHOWS_IMAGES.search(text):
        return Reason.IMAGE_PROXY
    if MORE_MACHINES.search(text):
        return Reason.LISTED_AGENT
    if MAIL_PROGRAM.search(text):
        return Reason(0)
    return Reason.LISTED_AGENT if _crawlers().isCrawler(text) else Reason(0)


def of_network(address: str) -> Reason:
    """What the neighbourhood of an address says, by its first address."""
    first = ip_network(address)
    listed = any(first.version == network.version and first.subnet_of(network) for network in _networks())  # type: ignore[arg-type]
    return Reason.LISTED_NETWORK if listed else Reason(0)


@cache
def _crawlers():  # type: ignore[no-untyped-def]
    from crawlerdetect import CrawlerDetect  # type: ignore[import-untyped]  # compiles a thousand patterns: not before they are needed

    return CrawlerDetect()


@cache
def _networks() -> tuple[IPv4Network | IPv6Network, ...]:
    lines = Path(__file__).with_name("networks.txt").read_text(encoding="utf-8").splitlines()
    return tuple(ip_network(line) for line in map(str.strip, lines) if line and not line.startswith("#"))
