"""The process as a whole: start to ready, idle memory, a whole rehearsal."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_READY = """
import sys, time
started = float(sys.argv[1])
from pathlib import Path
from bot.app import App
from bot.catalogue import load
from bot.platforms.local.chat import Chat
from bot.platforms.local.send import LocalPlatform
from bot.clock import SystemClock
from cohorts.store import Store
app = App(Store(f"sqlite:///{sys.argv[2]}"), [LocalPlatform(Chat(), SystemClock().now)], catalogue=load())
app.prepare()
ready = time.time() - started
resident = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS"))
print(ready, resident / 1024)
app.close()
"""
_IMPORT = "import sys, time; import sqlmodel, discord, slack_bolt; print(time.time() - float(sys.argv[1]), 0)"


def _run(code: str, *arguments: str) -> tuple[float, float]:
    done = subprocess.run(
        [sys.executable, "-c", code, str(time.time()), *arguments], capture_output=True, text=True, check=True
    )
    first, second = done.stdout.split()
    return float(first), float(second)


def print_report() -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "start.sqlite"
        first = _run(_READY, str(file))
        again = sorted(_run(_READY, str(file)) for _ in range(3))[1]
        imports = sorted(_run(_IMPORT) for _ in range(3))[1]
        print("Process")
        print(
            f"  start to ready            {again[0]:6.2f} s   ({again[0] / imports[0]:.2f} x importing the SDKs alone)"
        )
        print(f"  with an empty database    {first[0]:6.2f} s   (all tables made)")
        print(f"  idle memory               {again[1]:6.0f} MB")
        out = Path(folder) / "rehearsal"
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "bot", "rehearse", "value-accelerator", "--people", "12", "--out", str(out)],
            check=True,
            capture_output=True,
            env={**os.environ, "NO_COLOR": "1"},
        )
        taken = time.perf_counter() - start
        print(f"  a whole rehearsal, 12     {taken:6.2f} s   ({taken / again[0]:.1f} x start to ready)")
