"""Bring an installation up to date: translations compiled, static files collected, database migrated.

    python -m config.prepare [files] [database]

Run it once before the processes of a new version start; an image made in advance has its `files` prepared already.
Repeating it is quick and changes nothing.
"""

import os
import sys
from importlib.metadata import distributions
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError

from config import translations

PARTS = ["files", "database"]


def main(parts: list[str]) -> None:
    if unknown := set(parts) - set(PARTS):
        raise SystemExit(
            f"There is no part {' or '.join(sorted(unknown))}: name {' or '.join(PARTS)}, or none for both."
        )
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    if "files" in (parts or PARTS):
        translations.compile_all()
        collect_static()
    if "database" in (parts or PARTS):
        migrate()


def migrate() -> None:
    try:
        call_command("migrate", interactive=False, verbosity=0)
    except OperationalError as error:
        raise SystemExit(f"The database of DATABASE_URL cannot be used: {str(error).strip()}") from None


def collect_static() -> None:
    """Collect when code or requirements have changed; with DEBUG the files are served from where they are."""
    root, stamp = Path(settings.STATIC_ROOT), Path(settings.STATIC_ROOT, ".collected")
    state = static_state()
    if settings.DEBUG or (stamp.exists() and stamp.read_text() == state):
        return
    root.mkdir(parents=True, exist_ok=True)
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(state)


def static_state() -> str:
    """Changes whenever a static file may have: our own by name and time, those of packages by version."""
    base = settings.BASE_DIR
    ours = sorted(
        path
        for folder in ("config", "contacts", "tracking", "scoring", "campaigns")
        for path in base.glob(f"{folder}/static/**/*")
    )
    packages = sorted(f"{package.name} {package.version}" for package in distributions())
    return "\n".join([*(f"{path} {path.stat().st_mtime_ns}" for path in ours), *packages])


if __name__ == "__main__":
    main(sys.argv[1:])
