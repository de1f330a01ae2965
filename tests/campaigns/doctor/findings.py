"""What the rule doctor found, as tests compare it; and two conditions that contradict each other."""

from scoring.doctor import examine

FRENCH = {"all": [{"filter": "field", "field": "country", "op": "is", "value": "FR"}]}
BELGIAN = {"all": [{"filter": "field", "field": "country", "op": "is", "value": "BE"}]}


def told():
    """(examination, severity, what, rows)"""
    return [(f.examination, f.severity, f.what, f.rows) for f in examine()]


def about():
    return [(f.examination, f.severity, f.rows) for f in examine()]
