"""The schema that the migrations make, kept for the day: making it takes every process ten times as long as reading it."""

import contextlib
import hashlib
import subprocess
import sys
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from django.db.migrations.loader import MigrationLoader

from config.embedded.binaries import postgres_binaries


class Kept:
    """A dump in a folder, named after the day and after every migration: one that is edited is never taken for made."""

    def __init__(self, folder, server):
        self.folder, self.server = folder, server
        self.dump = folder / f"{date.today()}-{_fingerprint()}.sql"

    @contextlib.contextmanager
    def database(self, name):
        """A database made of the dump, to make others of; None where there is no dump, or none that can be read."""
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name}")
            connection.execute(f"CREATE DATABASE {name}")
            try:
                yield name if self.dump.exists() and self._read(name) else None
            finally:
                connection.execute(f"DROP DATABASE {name}")

    def keep(self, name):
        """Dump the database of this name, where there is no dump yet; those of other days go."""
        if self.dump.exists():
            return
        draft = self.dump.with_suffix(f".{name}")
        if _run("pg_dump", "-d", self._address(name), "-f", draft):
            draft.rename(self.dump)
        for old in self.folder.iterdir():
            if not old.name.startswith(f"{date.today()}-"):
                old.unlink(missing_ok=True)

    def _read(self, name):
        quietly = ["-X", "-q", "-o", "/dev/null", "-v", "ON_ERROR_STOP=1"]
        if not (is_read := _run("psql", "-d", self._address(name), *quietly, "-f", self.dump)):
            self.dump.unlink(missing_ok=True)
        return is_read

    def _address(self, name):
        return urlsplit(self.server)._replace(path=f"/{name}").geturl()


def _fingerprint():
    found = hashlib.sha256(str(postgres_binaries()).encode())
    for _key, migration in sorted(MigrationLoader(None).disk_migrations.items()):
        found.update(Path(sys.modules[migration.__module__].__file__).read_bytes())
    return found.hexdigest()[:20]


def _run(program, *arguments):
    return subprocess.run([postgres_binaries() / program, *arguments], capture_output=True).returncode == 0
