"""Every link between the repository's own pages leads somewhere, anchors included."""

import re
from pathlib import Path
from typing import Final

import pytest

_ROOT: Final = Path(__file__).parents[2]
_SKIPPED: Final = {".venv", "var", ".git", ".pytest_cache", "node_modules"}
_LINK: Final = re.compile(r"(?<!`)\[[^\]]*\]\(([^)\s]+)\)")
_IMAGE: Final = re.compile(r'<img[^>]*\ssrc="([^"]+)"')
_FENCE: Final = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_HEADING: Final = re.compile(r"^#+\s+(.+?)\s*$", re.MULTILINE)


def _pages() -> list[Path]:
    return sorted(page for page in _ROOT.rglob("*.md") if not _SKIPPED & set(page.relative_to(_ROOT).parts))


def _anchors(page: Path) -> set[str]:
    headings = _HEADING.findall(_FENCE.sub("", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _broken(page: Path, link: str) -> bool:
    target, _, anchor = link.partition("#")
    aim = (page.parent / target).resolve() if target else page
    if not aim.exists() or not aim.is_relative_to(_ROOT):
        return True
    return bool(anchor) and aim.suffix == ".md" and anchor not in _anchors(aim)


@pytest.mark.parametrize("page", _pages(), ids=lambda page: str(page.relative_to(_ROOT)))
def test_links_resolve(page: Path) -> None:
    text = _FENCE.sub("", page.read_text())
    links = [*_LINK.findall(text), *_IMAGE.findall(text)]
    assert not [link for link in links if "://" not in link and _broken(page, link)]
