"""Measure on the database of DATABASE_URL: `python -m benchmarks.measure RESULTS PLAN`, started by `benchmarks`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import datetime
from pathlib import Path

import django


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.measure")
    parser.add_argument("results", type=Path)
    parser.add_argument("plan", type=json.loads)
    parser.add_argument("--only", nargs="+")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--part", action="store_true", help="only what depends on how much data there is")
    parser.add_argument("--steady", action="store_true", help="only what should not depend on how much has happened")
    options = parser.parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from benchmarks.benchmark import measure
    from benchmarks.figures import Measured
    from benchmarks.items import ITEMS
    from config.load.plan import Plan

    plan = Plan(**options.plan | {"until": datetime.fromisoformat(options.plan["until"])})
    found = []
    for item in ITEMS:
        wanted = any(word in item.name for word in options.only) and (item.steady or not options.steady)
        if wanted and not (item.once and options.part):
            benchmark = item(plan)
            found.append(measure(benchmark, options.rounds))
            print(f"  {item.name}: {found[-1].seconds:.3f} s, baseline {found[-1].floor:.3f} s", flush=True)
            found += benchmark.further()
    Measured.write(options.results, found)


if __name__ == "__main__":
    main(sys.argv[1:])
