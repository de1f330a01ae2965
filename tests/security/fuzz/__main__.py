"""Fuzz every public address of the real server (granian, PostgreSQL, Valkey) and say what became of it.

    make fuzz ARGS="--requests 100000"

fails where an answer is a 5xx or a redirect we did not sign, where something acknowledged is not in the database, where
the server logs a traceback, or where its memory grows. `--number N` sends one request of a seed again and prints it.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from tests.security.fuzz import right, sending, shapes, wire
from tests.web import world

GROWTH = 150_000_000  # bytes of all web processes, after the first part
SHOWN = 30
PARTS = 50
SETTINGS = {
    "DEBUG": "0",
    "ALLOWED_HOSTS": "127.0.0.1",
    "TRUSTED_PROXY_COUNT": "1",
    "FORM_POSTS_PER_NETWORK": "0",
}


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    with world(**SETTINGS) as place:
        content = prepare(place)
        place.start_web(workers=2, threads=32)
        if options.number is not None:
            return again(place, content, options)
        return fuzz(place, content, options)


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.security.fuzz", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--requests", type=int, default=100_000, help="how many in all (100,000)")
    parser.add_argument("--processes", type=int, default=3, help="how many send at once (3)")
    parser.add_argument("--minutes", type=float, help="begin nothing more after so many")
    parser.add_argument("--seed", default="1", help="another one sends others")
    parser.add_argument("--number", type=int, help="send this one alone and show it")
    return parser.parse_args(arguments)


def prepare(place):
    """The instance as in production, with something behind every address."""
    folder = place.folder
    place.environment |= {name: str(folder / name.lower()) for name in ("STATIC_ROOT", "MEDIA_ROOT", "UPLOAD_ROOT")}
    place.environment["PYTHONPATH"] = str(Path.cwd())
    place.environment["DJANGO_SETTINGS_MODULE"] = "config.settings"
    place.manage("collectstatic", "--noinput")
    made = subprocess.run(
        [sys.executable, "-m", "tests.security.fuzz.content"], env=place.environment, check=True, stdout=subprocess.PIPE
    )
    return json.loads(made.stdout)


def again(place, content, options):
    name, request = shapes.build(options.seed, options.number, content)
    raw = request.raw()
    answer = wire.Line(place.port).send(raw, request.method, cut=request.cut)
    print(name, raw[:5000], answer.status, answer.headers, answer.body[:2000], sep="\n\n")
    print(place.log()[-5000:])
    return 0


# --- all of them ----------------------------------------------------------------------------------------------------------


def fuzz(place, content, options):
    results, before, begun = [], 0, time.monotonic()
    with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
        for part in range(PARTS):
            start, end = (options.requests * one // PARTS for one in (part, part + 1))
            numbers = [range(start + one, end, options.processes) for one in range(options.processes)]
            results += pool.starmap(sending.send, [(place.port, options.seed, one, content) for one in numbers])
            before = before or memory(place)  # once everything has been asked for
            print(f"{end} requests in {time.monotonic() - begun:.0f} s", flush=True)
            if options.minutes and time.monotonic() - begun > options.minutes * 60:
                break
    after = memory(place)
    seconds = time.monotonic() - begun
    statuses = sum((one["statuses"] for one in results), Counter())
    print(table(statuses))
    print(
        f"{sum(statuses.values())} requests in {seconds:.0f} s; web processes {before / 1e6:.0f} MB, then {after / 1e6:.0f} MB"
    )
    problems = [problem for one in results for problem in one["problems"]]
    problems += lost(place, sum((one["marks"] for one in results), Counter()))
    problems += logged(place)
    if after - before > GROWTH:
        problems.append(f"memory grew by {(after - before) / 1e6:.0f} MB")
    problems += poison(place)
    for problem in problems[:SHOWN]:
        print("PROBLEM:", problem)
    print(f"{len(problems)} problems" if problems else "No 5xx, nothing lost, no traceback, memory bounded.")
    return 1 if problems else 0


def table(statuses):
    names, columns = list(right.ENDPOINTS), sorted({status for _, status in statuses}, key=str)
    head = f"{'':15}" + "".join(f"{status!s:>8}" for status in columns) + f"{'all':>9}"
    rows = [
        f"{name:15}" + "".join(f"{statuses[name, status] or '':>8}" for status in columns)
        + f"{sum(statuses[name, status] for status in columns):>9}"
        for name in names
    ]  # fmt: skip
    return "\n".join([head, *rows])


def memory(place):
    """Bytes of the web server's processes."""
    total = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            if os.getpgid(int(status.parent.name)) == place.web.pid:
                total += int(next(one for one in status.read_text().splitlines() if one.startswith("VmRSS")).split()[1])
        except (OSError, StopIteration):
            continue
    return total * 1024


def lost(place, marks):
    """What was acknowledged and is not there."""
    from tracking.models import Kind

    kept = Counter()
    for statement in (
        "SELECT url FROM tracking_hit WHERE url LIKE %s",
        "SELECT hit->>'url' FROM tracking_heldsubmission WHERE hit->>'url' LIKE %s",
    ):
        kept.update(("url", url) for (url,) in place.rows(statement, "https://site.example/m/%"))
    for name, kind in (("open", Kind.EMAIL_OPENED), ("click", Kind.EMAIL_CLICKED), ("click", Kind.SMS_CLICKED)):
        kept.update(
            (name, one) for (one,) in place.rows("SELECT message_id FROM tracking_hit WHERE kind = %s", int(kind))
        )
    print(f"{sum(marks.values())} acknowledged ones were followed into the database")
    return [f"lost: {mark}" for mark, count in marks.items() if kept[mark] < count]


def logged(place):
    text = place.log()
    parts = text.split("Traceback (most recent call last)")[1:]
    return [f"the log has {len(parts)} tracebacks, the first: {parts[0][:2500]}"] if parts else []


def poison(place):
    """Whatever was taken is carried through the pipeline: nothing of it may be parked."""
    code = "from config import pipeline; pipeline.drain()"
    begun = time.monotonic()
    place.manage("shell", "-c", code)
    ((events,),) = place.rows("SELECT count(*) FROM tracking_event")
    print(f"the pipeline made {events} events of it in {time.monotonic() - begun:.0f} s")
    rows = place.rows("SELECT id, left(error, 3000) FROM tracking_hit WHERE parked_at IS NOT NULL")
    return [f"hit {pk} was parked: {error[-600:]}" for pk, error in rows]


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    sys.exit(main(sys.argv[1:]))
