"""One process's share of the requests, and what is wrong with an answer."""

from collections import Counter
from urllib.parse import urlsplit

from tests.security.fuzz import shapes, wire

OURS = {"127.0.0.1", "shop.example", "files.example"}  # where redirects may lead: marketers said so


def send(port, seed, numbers, content):
    """What came of these requests: statuses by endpoint, marks that were acknowledged, and problems."""
    line, statuses, marks, problems = wire.Line(port), Counter(), Counter(), []
    for number in numbers:
        name, request = shapes.build(seed, number, content)
        answer = line.send(request.raw(), request.method, cut=request.cut)
        statuses[name, answer.status] += 1
        if problem := wrong_with(answer):
            problems.append(f"{name} {problem} (--seed {seed} --number {number})")
        if request.start is not None or request.extra:
            line.close()  # what else is on that line answers another request
        if request.mark and isinstance(answer.status, int) and answer.status < 400:
            marks[request.mark] += 1
    return {"statuses": statuses, "marks": marks, "problems": problems}


def wrong_with(answer):
    if answer.status == "silent" or (isinstance(answer.status, int) and answer.status >= 500):
        return str(answer.status)
    location = answer.headers.get("Location", "") if answer.headers else ""
    if urlsplit(location).hostname not in {None, *OURS}:
        return f"redirects to {location[:200]}"
    return ""
