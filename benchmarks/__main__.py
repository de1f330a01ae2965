"""`make bench`: generate or reuse a world at 10 % and at 100 % of the size, measure on both, print a table, save JSON.

What each hit costs is measured on a third, too: as many contacts with 10 % of the history.

    python -m benchmarks [--contacts 1000000] [--events 10000000] [--only WORD] …

PostgreSQL is a server of its own under `var/benchmarks/`, whatever DATABASE_URL says; generated worlds are kept there.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import report, server
from benchmarks.databases import Databases, Size
from benchmarks.figures import Measured, figures
from config import embedded

ROOT = embedded.VAR / "benchmarks"
SHARES: dict[float, tuple[str, ...]] = {0.1: ("--part",), 1.0: ()}  # of the data, and which benchmarks


def main(arguments: list[str]) -> None:
    options = parse(arguments)
    embedded.leave_on_signals()
    with running() as environment:
        databases = Databases(environment)
        whole = Size(options.contacts, options.events, options.actions, options.seed)
        measured = {share: measure(databases, whole.part(share), options, *which) for share, which in SHARES.items()}
        is_steady = any(one.steady for several in measured.values() for one in several)
        young = measure(databases, whole.young(min(SHARES)), options, "--steady") if is_steady else []
    found = figures(measured, young)
    print(report.table(found))
    print(report.warning() or "")
    path = options.json or ROOT / "results.json"
    report.save(path, found, whole)
    print(f"saved in {path}")


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--contacts", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--actions", type=int, default=50, help="point actions")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--only", nargs="+", default=[""], help="only benchmarks with one of these words in their name")
    parser.add_argument("--rounds", type=int, help="how often each is measured (default: as each says, at least 3)")
    parser.add_argument("--fresh", action="store_true", help="generate anew, also where a world is kept")
    parser.add_argument("--json", type=Path, help="where the figures are saved")
    return parser.parse_args(arguments)


@contextmanager
def running() -> Iterator[embedded.Environment]:
    """The environment in which a command works on the benchmarks' own servers, its static files collected."""
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)  # never a real one
    os.environ["ENV_FILE"] = ""
    settings = {"STATIC_ROOT": str(ROOT / "static"), "MEDIA_ROOT": str(ROOT / "media"), "LOG_LEVEL": "ERROR"}
    with embedded.start(ROOT, settings, server.options()) as extra:
        environment = {**os.environ, **extra}
        subprocess.run([sys.executable, "-m", "config.prepare", "files"], env=environment, check=True)
        yield environment


def measure(databases: Databases, size: Size, options: argparse.Namespace, *which: str) -> list[Measured]:
    """Run the benchmarks on a copy of the world of this size, in a process of their own."""
    kept = databases.kept(size, fresh=options.fresh)
    with databases.copy(kept) as environment, tempfile.TemporaryDirectory() as folder:
        results = Path(folder, "measured.json")
        command = [sys.executable, "-m", "benchmarks.measure", str(results), kept.plan, "--only", *options.only]
        command += ["--rounds", str(options.rounds)] if options.rounds else []
        command += which
        subprocess.run(command, env=environment, check=True)
        return Measured.read(results)


if __name__ == "__main__":
    main(sys.argv[1:])
