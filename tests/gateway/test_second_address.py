"""A second onion address for reading: links lead to it and back, forms stay where they are."""

import os
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from dropbox.gateway.errors import BadSettings
from dropbox.gateway.paths import Page, path
from dropbox.gateway.settings import Settings, Tcp, read_settings
from dropbox.web.languages import LANGUAGES
from tests.gateway.bureau import NOW, Bureau, SimulatedIntake
from tests.gateway.test_settings import GOOD, write
from tests.gateway.threads import gateway_at
from tests.web.inspection import assert_clean

REPORTERS, READING = f"{'a' * 56}.onion", f"{'b' * 56}.onion"
SHOWN = (Page.START, Page.HOW, Page.REPORT, Page.READ)


async def pages(settings: Settings) -> dict[tuple[str, Page], str]:
    intake = SimulatedIntake(Bureau())
    found = {}
    with gateway_at(settings, lambda: NOW, os.urandom, intake) as base:
        async with aiohttp.ClientSession() as client:
            for language in LANGUAGES:
                for page in SHOWN:
                    async with client.get(base + path(page, language)) as answer:
                        assert answer.status == 200
                        found[language.code, page] = await answer.text()
    return found


async def test_links_to_reading_and_reporting_lead_to_their_addresses_and_nothing_else_leads_away() -> None:
    root = Bureau().root.public
    one = Settings(Path("/nowhere"), Tcp("127.0.0.1", 0), root)
    two = replace(one, reporters_address=REPORTERS, reading_address=READING)
    plain, both = await pages(one), await pages(two)
    for (code, page), html in both.items():
        language = next(known for known in LANGUAGES if known.code == code)
        reading, reporting = (path(target, language) for target in (Page.READ, Page.REPORT))
        assert f'href="http://{READING}{reading}"' in html
        assert f'href="http://{REPORTERS}{reporting}"' in html
        alone = html.replace(f"http://{READING}{reading}", reading).replace(f"http://{REPORTERS}{reporting}", reporting)
        assert assert_clean(alone).links == assert_clean(plain[code, page]).links
        assert 'action="http' not in html
        assert ".onion" not in plain[code, page]


@pytest.mark.parametrize(
    "lines",
    [
        f'reading_address = "{READING}"\n',
        f'reporters_address = "{REPORTERS}"\n',
        f'reporters_address = "{REPORTERS}"\nreading_address = "http://{READING}"\n',
        f'reporters_address = "{REPORTERS}"\nreading_address = "b.onion/x"\n',
    ],
)
def test_one_address_alone_or_what_is_none_is_refused(tmp_path: Path, lines: str) -> None:
    with pytest.raises(BadSettings, match="_address"):
        read_settings(write(tmp_path, GOOD + lines))


def test_both_addresses_are_read(tmp_path: Path) -> None:
    lines = f'reporters_address = "{REPORTERS}"\nreading_address = "{READING}"\n'
    assert read_settings(write(tmp_path, GOOD + lines)).reading_address == READING
