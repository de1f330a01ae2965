"""When Python may look for garbage: not amid a batch."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def left_alone() -> Iterator[None]:
    """No search for cycles meanwhile, in the whole process.

    What a batch makes lives until its end and goes by itself; to go through all that the process holds, time and again, was
    a third of the time a large batch takes in Python. Who has switched the search off keeps it off.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
