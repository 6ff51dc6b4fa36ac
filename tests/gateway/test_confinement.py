"""Each limit in a process of its own: they cannot be taken back."""

import subprocess
import sys

from dropbox.gateway.confinement import OVERWRITING


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_the_acceptors_process_has_nothing_that_reads_requests() -> None:
    loaded = set(run("import sys, dropbox.gateway.cli; print(*sys.modules)").split())
    assert "dropbox.gateway.acceptor" in loaded
    readers = {
        "aiohttp",
        "asyncio",
        "jinja2",
        "dropbox.web",
        "dropbox.reporter",
        "dropbox.gateway.app",
        "email",
        "http",
    }
    assert not loaded & readers


def test_nobody_of_the_same_account_looks_into_the_process() -> None:
    code = """
import ctypes, resource
from dropbox.gateway.confinement import forbid_looking
forbid_looking()
print(ctypes.CDLL(None).prctl(3), resource.getrlimit(resource.RLIMIT_CORE))"""  # 3: PR_GET_DUMPABLE
    assert run(code) == "0 (0, 0)"


def test_a_process_that_leaks_meets_its_limit() -> None:
    code = """
from dropbox.gateway.confinement import MEMORY_MOST, limit_cost
limit_cost()
try:
    bytearray(MEMORY_MOST)
except MemoryError:
    print("refused")"""
    assert run(code) == "refused"


def test_freed_memory_is_overwritten_from_the_start_of_the_command_on() -> None:
    code = """
import os, sys
from dropbox.gateway.confinement import overwrite_freed_memory
overwrite_freed_memory()
print(os.environ["PYTHONMALLOC"], os.environ["MALLOC_PERTURB_"], sys.argv[1:])"""
    done = subprocess.run(
        [sys.executable, "-c", code, "--config", "a b"], check=True, capture_output=True, text=True, env={}
    )
    assert done.stdout.strip() == "malloc 165 ['--config', 'a b']"


def test_locked_memory_is_all_of_it_where_the_limit_allows() -> None:
    code = """
import pathlib
from dropbox.gateway.confinement import can_lock_memory, lock_memory
before = can_lock_memory()
if before:
    lock_memory()
status = pathlib.Path("/proc/self/status").read_text().split()
locked = int(status[status.index("VmLck:") + 1])
print(before, locked * 2 > int(status[status.index("VmSize:") + 1]))"""
    assert run(code) in ("True True", "False False")


def test_under_a_limit_nothing_is_locked_rather_than_a_part() -> None:
    code = """
import ctypes, os, resource
from dropbox.gateway.confinement import can_lock_memory
resource.setrlimit(resource.RLIMIT_MEMLOCK, (1 << 20, 1 << 20))
if os.getuid() == 0:
    os.setuid(65534)
print(can_lock_memory())"""
    assert run(code) == "False"


def test_a_gathered_heap_holds_what_it_held_and_a_child_writes_to_its_own() -> None:
    code = """
import os, re
from dropbox.gateway.heap import gather
held = [bytes([number % 256]) * 1000 for number in range(40_000)]
changed = bytearray(100)
done = gather()
smaps = open("/proc/self/smaps").read()
huge = int(re.search(r"\\[heap\\].*?AnonHugePages: +(\\d+) kB", smaps, re.DOTALL)[1])
if not os.fork():
    changed[:] = b"x" * 100
    held.clear()
    os._exit(0)
os.wait()
whole = all(piece == bytes([number % 256]) * 1000 for number, piece in enumerate(held))
print(whole, changed == bytearray(100), not done or huge > 0)"""
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=OVERWRITING | {"PATH": ""}
    )
    assert done.stdout.strip() == "True True True"


def test_new_objects_of_a_child_lie_side_by_side_and_not_in_the_holes_of_the_heap() -> None:
    code = """
import os, resource
from dropbox.gateway.heap import fill_holes
held = [bytes(1000) for _ in range(40_000)]
del held[::2]
done = fill_holes()
written = []
if os.fork():
    print(os.waitstatus_to_exitcode(os.wait()[1]))
else:
    faults = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    before = faults()
    written += [bytes(1000) for _ in range(4_000)]
    os._exit(done and faults() - before > 1_500)"""
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=OVERWRITING | {"PATH": ""}
    )
    assert done.stdout.strip() == "0"
