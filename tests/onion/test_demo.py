"""`make demo-onion` and `make demo ONION=public`, as far as they go without the internet."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.browser.driver import wait_for
from tests.system.demo import descendants, is_running

ROOT: Final = Path(__file__).parents[2]
DEMO: Final = [sys.executable, "-m", "deploy.demo.onion"]
_LAST: Final = "For a browser: SOCKS on 127.0.0.1"
LOOPBACK_ONLY: Final = [
    *("unshare", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"])),
    *("sh", "-c", 'ip link set lo up && exec "$@"', "sh"),
]


@pytest.mark.timeout(900)
def test_the_demo_says_its_address_shows_a_visit_and_leaves_nothing_running(tmp_path: Path) -> None:
    output, picture = tmp_path / "output", tmp_path / "demo" / "visit.png"
    with output.open("wb") as said:
        process = subprocess.Popen([*DEMO, "--folder", str(tmp_path / "demo")], stdout=said, stderr=said, cwd=ROOT)
    try:
        wait_for("the visit", lambda: _LAST in output.read_text() or process.poll(), 600)
        text = output.read_text()
        assert f"A visit over the onion address, as a picture: {picture}" in text
        assert picture.read_bytes().startswith(b"\x89PNG")
        (address,) = set(re.findall(r"http://\S+\.onion", text))
        assert len(address) == len("http://") + 56 + len(".onion")
        started = descendants(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0
    assert len(started) > 14  # ten tors and the host's own, four roles
    assert not [pid for pid in started if is_running(pid)]


def test_without_a_network_the_public_demo_says_how_far_tor_came_and_what_to_do(tmp_path: Path) -> None:
    command = [*LOOPBACK_ONLY, *DEMO, "--public", "--patience", "3", "--folder", str(tmp_path / "demo")]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith("Tor came no further than ")
    assert "make demo-onion" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_tor_both_demos_say_how_to_install_it(tmp_path: Path) -> None:
    assert shutil.which("tor"), "otherwise this shows nothing"
    for more in ([], ["--public"]):
        command = [*DEMO, "--folder", str(tmp_path / "demo"), *more]
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, cwd=ROOT, env={"PATH": str(tmp_path)}
        )
        assert done.returncode == 1, done.stderr
        assert "apt-get install tor" in done.stderr
        assert "Traceback" not in done.stderr
