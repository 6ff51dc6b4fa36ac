"""A canary's way through the real commands as processes: gateway, intake, desk, and the auditor's own."""

import subprocess
import tempfile
import time
from collections.abc import Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import pytest

from dropbox.auditor import files
from tests.auditor.host import ONION, Between, tor_at
from tests.browser.driver import wait_for
from tests.system.demo import Demo, running_demo
from tests.web.inspection import Page, assert_clean

COMMAND: Final = str(Path(__file__).parents[2] / ".venv/bin/dropbox-audit")


def audit(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The command, and what it says."""
    return subprocess.run([COMMAND, *map(str, arguments)], check=False, capture_output=True, text=True)


def sign_in(demo: Demo) -> None:
    """A handler signs in at the desk, and does nothing else."""
    cookies: dict[str, str] = {}

    def ask(method: str, fields: Mapping[str, str] | None = None) -> Page:
        connection = HTTPConnection(demo.desk.removeprefix("http://"), timeout=60)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
        headers |= {"Content-Type": "application/x-www-form-urlencoded"} if fields else {}
        connection.request(method, "/nl/inloggen", urlencode(fields) if fields else None, headers)
        answer = connection.getresponse()
        html = answer.read().decode()
        connection.close()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            cookies[name] = value
        assert answer.status == (303 if fields else 200), html
        return Page() if fields else assert_clean(html)

    page = ask("GET")
    ask("POST", {**page.fields, "user": demo.endpoints["desk_user"], "password": demo.endpoints["desk_password"]})


@pytest.mark.timeout(600)  # stops a test that hangs
def test_a_canary_goes_through_real_processes_and_is_answered(tmp_path: Path) -> None:
    audit("key", "--out", tmp_path / "key")
    public = files.load_key(tmp_path / "key").public.hex()
    with (
        tempfile.TemporaryDirectory(prefix="au") as short,
        running_demo(tmp_path / "host", "--auditor", public) as demo,
    ):
        gateway, socks = Path(short, "gateway"), Path(short, "socks")
        config = tmp_path / "audit.toml"
        config.write_text(
            f'onion = "{ONION.name}"\nfingerprint = "{demo.endpoints["root_fingerprint"]}"\n'
            f'tor_socks = "unix:{socks}"\nfolder = "{tmp_path / "state"}"\n'
            f'key = "{tmp_path / "key"}"\nlanguage = "en"\n'
        )
        with Between(demo.reporter).listening(gateway), tor_at(socks, {ONION.name: gateway}):
            sent = audit("canary", "--config", config, "--hurried")
            assert (sent.returncode, "The canary is sent." in sent.stdout) == (0, True), sent
            sign_in(demo)

            def answered() -> bool:
                time.sleep(2)
                return "the whole way works" in audit("canary", "--config", config, "--hurried").stdout

            wait_for("the answer", answered, 180)
