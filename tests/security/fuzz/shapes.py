"""What is sent to each public address: a third as it should be, a third with wrong values, a third that is hardly HTTP.

Request `number` of a seed is always the same, so that one that broke something can be sent again.
"""

import random

from tests.security.fuzz.right import ENDPOINTS, TURNS
from tests.security.fuzz.wrong import BROKEN, WRONG


def build(seed, number, content):
    """(the name of the endpoint, the request)."""
    name = TURNS[number % len(TURNS)]
    roll = random.Random(f"{seed}:{number}")
    made = ENDPOINTS[name](roll, content, f"{seed}-{number}")
    made.headers.setdefault("X-Forwarded-For", f"203.0.{roll.randrange(256)}.{roll.randrange(256)}")
    kind = number // len(TURNS) % 3
    if kind:
        made.mark = None
        for _ in range(roll.choice([1, 1, 2, 4])):
            roll.choice(WRONG if kind == 1 else BROKEN)(roll, made)
    return name, made
