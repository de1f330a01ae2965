"""Generated worlds, kept as databases for the next run; each run works on a copy, so that it leaves none of them changed."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from psycopg import sql

from config.embedded import Environment

BASE = Path(__file__).resolve().parent.parent
MADE_BY = ("config/load/*.py",)  # when these change, a kept world is out of date; its schema is migrated like anybody's
MAX_AGE = timedelta(days=30)  # segments ask about the last thirty days
COPY = "running"


@dataclass(frozen=True)
class Size:
    contacts: int
    events: int
    actions: int
    seed: int

    def part(self, share: float) -> Size:
        return replace(self, contacts=max(1, int(self.contacts * share)), events=max(1, int(self.events * share)))

    def young(self, share: float) -> Size:
        """As many contacts, with this share of what has happened."""
        return replace(self, events=max(1, int(self.events * share)))

    @property
    def name(self) -> str:
        return f"load_{self.contacts}_{self.events}_{self.actions}_{self.seed}"


@dataclass(frozen=True)
class Kept:
    """A kept world: its database, and the arguments of its Plan as JSON."""

    name: str
    plan: str


class Databases:
    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.url = environment["DATABASE_URL"]
        self.server = psycopg.connect(self.url, autocommit=True)

    def kept(self, size: Size, *, fresh: bool) -> Kept:
        """The world of this size: the one that is kept, or generated now, which takes minutes."""
        made = self._made(size.name)
        if made is None or made["by"] != _makers() or _age(made["until"]) > MAX_AGE or fresh:
            made = self._generate(size)
        else:
            _manage(["migrate", "--verbosity", "0"], self._environment(size.name))
        return Kept(size.name, json.dumps(asdict(size) | {"until": made["until"]}))

    @contextmanager
    def copy(self, kept: Kept) -> Iterator[Environment]:
        """The environment for a copy of a kept world, which is gone afterwards."""
        self._drop(COPY)
        begun = time.monotonic()
        self._execute("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", COPY, kept.name)
        print(f"copied {kept.name}: {time.monotonic() - begun:.0f} s", flush=True)
        try:
            yield self._environment(COPY)
        finally:
            self._drop(COPY)

    def _generate(self, size: Size) -> dict[str, str]:
        print(f"generating {size.contacts:,} contacts and {size.events:,} events", flush=True)
        self._drop(size.name)
        self._execute("CREATE DATABASE {}", size.name)
        made = {"by": _makers(), "until": datetime.now(UTC).isoformat()}
        environment = self._environment(size.name)
        _manage(["migrate", "--verbosity", "0"], environment)
        arguments = [f"--{name}={value}" for name, value in asdict(size).items()]
        _manage(["generate_load", *arguments, f"--until={made['until']}"], environment)
        self.server.execute(  # last of all: half a world has no comment
            sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(size.name), sql.Literal(json.dumps(made)))
        )
        return made

    def _made(self, name: str) -> dict[str, str] | None:
        """What the comment of the database says of its making; None where there is none."""
        found = self.server.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name]
        ).fetchone()
        return json.loads(found[0]) if found and found[0] else None

    def _drop(self, name: str) -> None:
        self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def _execute(self, statement: str, *names: str) -> None:
        self.server.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def _environment(self, name: str) -> Environment:
        return {**self.environment, "DATABASE_URL": self.url.replace("/bareme?", f"/{name}?")}


def _manage(arguments: list[str], environment: Environment) -> None:
    subprocess.run([sys.executable, "manage.py", *arguments], env=environment, cwd=BASE, check=True)


def _makers() -> str:
    """Changes with the code that a world is made by."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in MADE_BY for path in BASE.glob(pattern)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _age(moment: str) -> timedelta:
    return datetime.now(UTC) - datetime.fromisoformat(moment)
