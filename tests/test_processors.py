"""Processor time is counted for a process and for all that descend from it, those that have ended included."""

import subprocess
import sys

from benchmarks import processors

WORK = "import time\nwhile time.process_time() < 0.3: pass\n"
FAMILY = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {WORK!r}])
running = subprocess.Popen([sys.executable, "-c", {WORK + "print(flush=True); input()"!r}], stdin=sys.stdin)
{WORK}
running.wait()
"""


def test_what_a_process_and_its_children_have_used():
    family = subprocess.Popen([sys.executable, "-c", FAMILY], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        family.stdout.readline()  # the child that runs has worked
        assert processors.spent([family.pid]) >= 0.58  # and the one before it
        assert processors.spent([]) == 0
    finally:
        family.communicate(b"\n", timeout=20)


def test_a_process_that_is_gone_has_used_nothing():
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert processors.spent([gone.pid]) == 0
