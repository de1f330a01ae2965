"""How many cases a property test tries: few by default, thousands with HYPOTHESIS_PROFILE=thorough."""

import os

from hypothesis import HealthCheck, Phase, settings

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"


def cases(quick):
    """Decorator of a property test: try `quick` cases, or HYPOTHESIS_CASES (default 2,000) in the thorough profile."""
    shrinks = os.environ.get("HYPOTHESIS_SHRINK", "1") == "1"  # a small case takes minutes to find
    return settings(
        max_examples=int(os.environ.get("HYPOTHESIS_CASES", "2000")) if THOROUGH else quick,
        phases=[phase for phase in Phase if shrinks or phase is not Phase.shrink],
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
