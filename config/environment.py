"""Read settings from the environment; a missing or malformed variable ends the start with one sentence that names it.

It stops with SystemExit, not an exception, so that manage.py, celery and granian all print the sentence, no traceback.
"""

import os
import re
from collections.abc import Collection
from email.utils import parseaddr
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import environ
from django.core.exceptions import ImproperlyConfigured

REQUIRED = object()
TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}
EXAMPLES = {
    "SECRET_KEY": "a long random text, for example the output of `openssl rand -base64 48`",
    "PUBLIC_URL": "the address visitors reach Bareme under, for example https://bareme.example.com",
    "DATABASE_URL": "a PostgreSQL database, for example postgres://user:password@host:5432/bareme",
    "REDIS_URL": "a Valkey or Redis server, for example redis://host:6379/0",
    "EMAIL_URL": "a mail server, for example smtp+tls://user:password@host:587 (or consolemail:// to print mails)",
    "SMS_URL": "console:// or the address of an HTTP gateway, for example https://sms.example.com/send",
    "TIME_ZONE": "a name such as Europe/Paris",
    "DEFAULT_COUNTRY": "two letters, for example FR",
    "DEFAULT_FROM_EMAIL": "a sender, for example Bareme <hello@example.com>",
}
EMAIL_SCHEMES = ("smtp", "smtps", "smtp+tls", "smtp+ssl", "consolemail", "filemail", "memorymail", "dummymail")


class Environment:
    """The variables of the process and, for those it does not have, of the file ENV_FILE (`.env` unless named)."""

    def __init__(self, default_file: Path) -> None:
        if file := os.environ.get("ENV_FILE", str(default_file)):
            if "ENV_FILE" in os.environ and not Path(file).exists():
                stop("ENV_FILE", "names a file that is not there: correct it, or leave it empty for none")
            environ.Env.read_env(file)

    def text(self, name: str, default: object = REQUIRED) -> str:
        """The variable as it is; an empty one counts as missing."""
        if value := os.environ.get(name, "").strip():
            return value
        if default is REQUIRED:
            stop(name, f"is missing: set it to {EXAMPLES[name]}, or try `python -m config.embedded -- COMMAND`")
        return str(default)

    def flag(self, name: str, default: bool) -> bool:
        value = self.text(name, default).lower()
        if value not in TRUE | FALSE:
            stop(name, "is malformed: set it to 1 or 0")
        return value in TRUE

    def number(self, name: str, default: int) -> int:
        """A whole number, zero or more."""
        value = self.text(name, default)
        if not value.isdecimal():
            stop(name, "is malformed: set it to a whole number")
        return int(value)

    def words(self, name: str, default: Collection[str], among: Collection[str] = ()) -> list[str]:
        """Words between commas, from those `among` if any are given; set but empty means none."""
        if name not in os.environ:
            return list(default)
        words = [word.strip() for word in os.environ[name].split(",") if word.strip()]
        if among and (unknown := [word for word in words if word not in among]):
            stop(name, f"has the unknown word {unknown[0]!r}: choose from {', '.join(among)}, with commas between")
        return words

    def choice(self, name: str, default: str, among: Collection[str]) -> str:
        value = self.text(name, default)
        if value not in among:
            stop(name, f"is malformed: set it to one of {', '.join(among)}")
        return value

    def address(self, name: str, schemes: Collection[str], default: object = REQUIRED) -> str:
        """A URL with one of these schemes, without a slash at its end."""
        value = self.text(name, default)
        try:
            parts = urlsplit(value)
            complete = parts.port is None or parts.port > 0
        except ValueError:
            malformed(name)
        hostless = parts.scheme.startswith("http") and not re.fullmatch(r"\S+", parts.hostname or "")
        if parts.scheme not in schemes or hostless or not complete:
            malformed(name)
        return value if value.endswith("://") else value.rstrip("/")

    def redis(self, name: str) -> str:
        """The URL of a Redis server; its database, if it names one, is a number."""
        url = self.address(name, ("redis", "rediss", "unix"))
        parts = urlsplit(url)
        database = parse_qs(parts.query).get("db", ["0"])[0] if parts.scheme == "unix" else parts.path.strip("/") or "0"
        if not database.isdecimal():
            malformed(name)
        return url

    def postgres(self, name: str) -> dict[str, Any]:
        """Django's description of a PostgreSQL database."""
        url = self.address(name, ("postgres", "postgresql"))
        try:
            database: dict[str, Any] = environ.Env.db_url_config(url)
        except ValueError:
            malformed(name)
        if not database["NAME"]:
            malformed(name)
        return database

    def email(self, name: str, default: object) -> dict[str, Any]:
        """Django's EMAIL_* settings."""
        url = self.address(name, EMAIL_SCHEMES, default)
        try:
            settings: dict[str, Any] = environ.Env.email_url_config(url)
        except (ValueError, ImproperlyConfigured):
            malformed(name)
        if url.startswith("smtp") and not settings["EMAIL_HOST"]:
            malformed(name)
        return settings

    def sender(self, name: str, default: str) -> str:
        value = self.text(name, default)
        if "@" not in parseaddr(value)[1]:
            malformed(name)
        return value

    def country(self, name: str, default: str) -> str:
        value = self.text(name, default)
        if not re.fullmatch("[A-Z]{2}", value):
            malformed(name)
        return value

    def time_zone(self, name: str, default: str) -> str:
        value = self.text(name, default)
        try:
            return ZoneInfo(value).key
        except (KeyError, ValueError, OSError):
            malformed(name)


def malformed(name: str) -> NoReturn:
    """The value is not shown: it may hold a password."""
    stop(name, f"is malformed: set it to {EXAMPLES[name]}")


def stop(name: str, problem: str) -> NoReturn:
    raise SystemExit(f"{name} {problem} (.env.example describes every variable).") from None


def broker(redis_url: str) -> str:
    """Celery's spelling of a Redis address: it calls a unix socket redis+socket, and its database a virtual host."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    database = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.path}?virtual_host={database}"
