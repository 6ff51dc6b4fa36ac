"""The machine and the code that figures depend on."""

import os
import platform
import subprocess
import time


def environment() -> dict[str, object]:
    """Return what the figures depend on."""
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    changed = subprocess.run(["git", "status", "--short", "dropbox"], capture_output=True, check=False).stdout
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": next((line for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "")[13:],
        "memory_mb": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 1_000_000,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "commit": commit + ("+" if changed else ""),
        "day": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def _lines(file: str) -> list[str]:
    with open(file, encoding="utf-8") as opened:  # noqa: PTH123 - short
        return opened.read().splitlines()
