"""The CDNOW purchases: all that 23,570 people bought there from their first purchase, early in 1997, to June 1998."""

import os
from datetime import date, datetime
from importlib.metadata import PackageNotFoundError, distribution

import pytest

CUT = date(1997, 9, 30)


def purchases():
    """(customer, day) of each record of the file that the package `lifetimes` ships; its code is never imported."""
    try:
        file = distribution("lifetimes").locate_file("lifetimes/datasets/CDNOW_master.txt")
    except PackageNotFoundError:
        absent = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        absent("the CDNOW purchases are not installed (requirements-data.txt)")
    _heading, *records = map(str.split, file.read_text().splitlines())
    return [(int(record[0]), datetime.strptime(record[1], "%Y%m%d").date()) for record in records if record]
