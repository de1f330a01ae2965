"""What machines and people do with one mail, request by request: made by hand after what is known of each.

Times are seconds after the mail was handed over. Networks are as they are stored (/24). A mail has four links. Known
weaknesses stand here as well, with what we make of them: a table without them would be a brag.

Sources: the vendors' own pages on link checking; SparkPost on Gmail's prefetching (9.8 billion opens, December 2021); the
complaints collected in Mautic's and Marketo's forums about gateways that click everything.
"""

from dataclasses import dataclass

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
)
CHROME_OLD = (
    "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/79.0.3945.79 Safari/537.36"
)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)
OUTLOOK = (
    "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Win64; x64; Trident/7.0; Microsoft Outlook "
    "16.0.17928; ms-office; MSOffice 16)"
)
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
GMAIL_FIRST = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0"
)
YAHOO = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"
APPLE = "Mozilla/5.0"
HEADLESS = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/140.0.0.0 Safari/537.36"
)
CURL = "curl/8.14.1"
WHATSAPP = "WhatsApp/2.2587.9 N"

HOME, OFFICE, TRAIN, FRIEND = "203.0.113.0", "198.51.100.0", "192.0.2.0", "100.20.30.0"
GOOGLE, APPLE_RELAY, YAHOO_NET, AMAZON = "66.249.84.0", "17.58.63.0", "98.136.200.0", "3.250.10.0"
SAFELINKS, SAFELINKS_TOO = "20.42.65.0", "40.94.29.0"
BARRACUDA, MIMECAST, MIMECAST_TOO, PROOFPOINT = "209.222.82.0", "205.139.110.0", "205.139.111.0", "67.231.152.0"
HOUR = 3600


@dataclass(frozen=True)
class Request:
    after: float
    what: str  # open, click, head, hidden, page (our script ran), landing (a landing page of ours)
    agent: str
    network: str
    machine: bool  # what it truly was
    link: int = 1
    prefetch: bool = False
    mistaken: bool = False  # we get it wrong, and know it


def person(after, what, agent=CHROME, network=OFFICE, **more):
    return Request(after, what, agent, network, machine=False, **more)


def machine(after, what, agent=CHROME_OLD, network=AMAZON, **more):
    return Request(after, what, agent, network, machine=True, **more)


def every_link(start, step, networks, agents=(CHROME_OLD,), links=(1, 2, 3, 4), what="click"):
    return [
        machine(start + step * n, what, agents[n % len(agents)], networks[n % len(networks)], link=link)
        for n, link in enumerate(links)
    ]


SEQUENCES = {
    "Outlook SafeLinks at delivery, then the reader": [
        machine(6, "head", network=SAFELINKS),
        machine(6.4, "click", network=SAFELINKS),
        machine(7.1, "click", network=SAFELINKS, link=2),
        machine(7.3, "hidden", network=SAFELINKS_TOO),
        machine(7.9, "click", network=SAFELINKS_TOO, link=3),
        person(3 * HOUR, "open", OUTLOOK),
        person(3 * HOUR + 9, "click", link=2),
        person(3 * HOUR + 11, "page"),
    ],
    "Outlook SafeLinks at the time of the click": [
        person(HOUR, "open", OUTLOOK),
        machine(HOUR + 20, "head", network=SAFELINKS),
        person(HOUR + 20.8, "click"),
        person(HOUR + 22, "page"),
    ],
    "Barracuda follows everything": [
        machine(5, "open", network=BARRACUDA),
        *every_link(5.2, 0.3, [BARRACUDA]),
        machine(6.4, "hidden", network=BARRACUDA),
        machine(6.9, "landing", network=BARRACUDA),
    ],
    "Barracuda takes a sample": [machine(12, "click", network=BARRACUDA, link=3)],
    "Mimecast, without haste": every_link(30, 6, [MIMECAST, MIMECAST_TOO]),
    "Proofpoint, before it takes the mail in": [
        machine(-4.0, "click", network=PROOFPOINT),
        machine(-2.5, "click", network=PROOFPOINT, link=4),
        person(5 * HOUR, "click", FIREFOX, HOME),
    ],
    "a gateway in the office, and the reader behind the same address": [
        *every_link(20, 0.2, [OFFICE]),
        person(70, "open", FIREFOX),
        person(78, "click", FIREFOX, link=2),
    ],
    "a scanner that changes network and name each time": every_link(
        40, 0.4, [AMAZON, SAFELINKS, "13.77.10.0", "34.90.1.0"], [CHROME_OLD, CHROME, FIREFOX]
    ),
    "a slow scanner that changes networks": every_link(60, 4, [AMAZON, "13.77.10.0", "34.90.1.0", "52.30.1.0"]),
    "a scanner that runs scripts, many links": [
        *every_link(15, 0.3, [AMAZON]),
        machine(16.5, "page"),
        machine(17.2, "page"),
    ],
    "headless Chrome": [machine(22, "click", HEADLESS), machine(23, "page", HEADLESS)],
    "curl": [machine(2 * HOUR, "click", CURL), machine(2 * HOUR, "head", CURL, link=2)],
    "a preview in a chat, and who reads there": [
        machine(HOUR, "click", WHATSAPP, HOME),
        person(HOUR + 40, "click", IPHONE, HOME),
    ],
    "Gmail shows the image when it is read": [
        person(1800, "open", GMAIL, GOOGLE),
        person(1812, "click", network=HOME),
        person(1814, "page", network=HOME),
    ],
    "Gmail was open when the mail came": [
        machine(2, "open", GMAIL_FIRST, GOOGLE),
        person(600, "open", GMAIL, GOOGLE),
    ],
    "Gmail's image store fills itself": [machine(4, "open", GMAIL, GOOGLE)],
    "Apple's Mail Privacy Protection, then the reader": [
        machine(90, "open", APPLE, APPLE_RELAY),
        person(2 * HOUR, "click", IPHONE, TRAIN),
        person(2 * HOUR + 3, "page", IPHONE, TRAIN),
    ],
    "Apple, hours later, in the background": [machine(9 * HOUR, "open", APPLE, APPLE_RELAY)],
    "Yahoo": [person(4 * HOUR, "open", YAHOO, YAHOO_NET), person(4 * HOUR + 15, "click", FIREFOX, HOME)],
    "Outlook on a desk": [person(40, "open", OUTLOOK), person(55, "click")],
    "an impatient reader": [person(900 + n * 0.3, "click") for n in range(3)],
    "phone, then laptop": [
        person(300, "open", IPHONE, TRAIN),
        person(310, "click", IPHONE, TRAIN),
        person(430, "click", FIREFOX, HOME),
    ],
    "forwarded to a friend": [
        person(1200, "click", network=HOME),
        person(1500, "open", FIREFOX, FRIEND),
        person(1507, "click", FIREFOX, FRIEND, link=2),
    ],
    "a reader with the mail program open": [person(6, "open", OUTLOOK), person(8.5, "click")],
    "tabs: three of four links": [person(700 + 5 * n, "click", FIREFOX, HOME, link=n + 1) for n in range(3)],
    "tabs: every link, and the site runs our script": [
        request
        for n in range(4)
        for request in (
            person(700 + 4 * n, "click", FIREFOX, HOME, link=n + 1),
            person(701.5 + 4 * n, "page", FIREFOX, HOME),
        )
    ],
    "a browser that fetches in advance": [
        machine(HOUR, "click", CHROME, HOME, prefetch=True),
        person(HOUR + 3, "click", CHROME, HOME),
        person(HOUR + 4, "page", CHROME, HOME),
    ],
    "one office, one address, the same browser (first)": [person(600, "click")],
    "one office, one address, the same browser (second)": [person(600.2, "click", link=2)],
    "one office, one address, the same browser (third)": [person(600.4, "click", link=3), person(602, "page")],
    # What we get wrong.
    "a scanner that takes one link, from a cloud, like a browser": [machine(25, "click", mistaken=True)],
    "the same, and it runs scripts": [
        machine(25, "click", mistaken=True),
        machine(26, "page", mistaken=True),
    ],
    "tabs: every link, on sites without our script": [
        person(700 + 4 * n, "click", FIREFOX, HOME, link=n + 1, mistaken=True) for n in range(4)
    ],
    "a reader faster than mail": [person(2.5, "click", mistaken=True)],
}
