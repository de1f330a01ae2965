"""PostgreSQL's settings: what an operator sets on the first day, by the size of the machine. Durability stays on."""

from __future__ import annotations

import os

GB = 1024**3


def options() -> list[str]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return [
        f"shared_buffers={_mb(min(memory // 4, 8 * GB))}",
        f"effective_cache_size={_mb(memory * 6 // 10)}",
        f"maintenance_work_mem={_mb(min(memory // 16, GB))}",
        "work_mem=64MB",
        "wal_buffers=64MB",
        "min_wal_size=2GB",  # files that are there are written again, new ones are written twice
        "max_wal_size=8GB",  # what is first touched after a checkpoint is written whole
        "checkpoint_timeout=15min",
        "random_page_cost=1.1",  # solid state disks
        "effective_io_concurrency=200",
        "jit=off",  # compiling takes longer than most statements of a web application
    ]


def _mb(size: int) -> str:
    return f"{size // 1024**2}MB"
