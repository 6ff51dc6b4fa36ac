"""Reads a page as a browser would and lists what our pages must never contain; for the tests of every role."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

_LABELLED = {"input", "select", "textarea"}
_UNLABELLED_TYPES = {"hidden", "submit"}
_ADDRESSES = {"href", "src", "action", "formaction", "srcset", "poster", "data", "background", "cite", "ping"}
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_OPTIONAL_END = {"li", "p", "dt", "dd", "option", "tr", "td", "th", "thead", "tbody"}


@dataclass
class Page:
    """What was found in one page."""

    language: str = ""
    direction: str = ""
    faults: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    titles: int = 0
    links: list[str] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)
    text: str = ""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self.labels: set[str] = set()
        self.inputs: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self._check_attributes(tag, values)
        self._check_script(tag, values)
        if tag not in _VOID:
            self.open.append(tag)
        if tag == "html":
            self.page.language, self.page.direction = values.get("lang", ""), values.get("dir", "")
        elif tag in {"iframe", "object", "embed", "style", "base"}:
            self.page.faults.append(f"<{tag}> on a page")
        elif tag == "title":
            self.page.titles += 1
        elif tag == "img" and "alt" not in values:
            self.page.faults.append("an image without alt")
        elif tag == "label":
            self.labels.add(values.get("for", ""))
        if tag[0] == "h" and tag[1:].isdigit():
            self.page.headings.append(tag)
        if tag in _LABELLED:
            self._note_field(tag, values)

    def _check_script(self, tag: str, values: dict[str, str]) -> None:
        own = values.get("src", "").startswith("/static/") and values.get("integrity", "").startswith("sha256-")
        if tag == "script" and not (own and set(values) == {"src", "integrity", "defer"}):
            self.page.faults.append("a script that is not a file of ours with its hash")

    def _check_attributes(self, tag: str, values: dict[str, str]) -> None:
        for name, value in values.items():
            if name.startswith("on"):
                self.page.faults.append(f"{name} on <{tag}>")
            if name == "style":
                self.page.faults.append(f"inline style on <{tag}>")
            if name in _ADDRESSES:
                self._check_address(tag, value)
        if "id" in values:
            self.page.ids.append(values["id"])

    def _check_address(self, tag: str, value: str) -> None:
        if tag == "a":
            self.page.links.append(value)
        own = (value.startswith("/") and not value.startswith("//")) or value.startswith(("#", "?"))
        data = (tag == "img" and value.startswith("data:image/png;base64,")) or (tag == "link" and value == "data:,")
        if value and not own and not data:
            self.page.faults.append(f"<{tag}> leads away: {value[:60]}")

    def _note_field(self, tag: str, values: dict[str, str]) -> None:
        name = values.get("name", "")
        if values.get("type") not in {"radio", "checkbox"} or "checked" in values:
            self.page.fields[name] = values.get("value", "")
        if values.get("type", "text") not in _UNLABELLED_TYPES and "aria-label" not in values:
            self.inputs.append((tag, values.get("id", "")))
        self.area = name if tag == "textarea" else ""

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.open:
            self.page.faults.append(f"</{tag}> closes nothing")
            return
        while (last := self.open.pop()) != tag:
            if last not in _OPTIONAL_END:
                self.page.faults.append(f"<{last}> is never closed")
        if tag == "textarea":
            self.area = ""

    def handle_data(self, data: str) -> None:
        if self.area:
            self.page.fields[self.area] += data.removeprefix("\n") if not self.page.fields[self.area] else data
        self.page.text += data


def read_page(html: str) -> Page:
    """Parse `html`; `faults` is empty for a page that may be shown."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    page = reader.page
    for tag, name in reader.inputs:
        if not name or name not in reader.labels:
            page.faults.append(f"<{tag}> {name or 'without id'} has no label")
    page.faults += [f"id {name} twice" for name in sorted(set(page.ids)) if page.ids.count(name) > 1]
    page.faults += [f"<{tag}> is never closed" for tag in reader.open if tag not in _OPTIONAL_END]
    page.faults += [f"link to #{name} leads nowhere" for name in _missing(page)]
    if page.headings.count("h1") != 1 or page.headings[0] != "h1":
        page.faults.append("a page begins with its one h1")
    if page.titles != 1 or not page.language or page.direction not in {"ltr", "rtl"}:
        page.faults.append("title, language or direction is missing")
    return page


def _missing(page: Page) -> list[str]:
    return [link[1:] for link in page.links if link.startswith("#") and link[1:] not in page.ids]


def assert_clean(html: str) -> Page:
    """Parse `html`, fail with the list of its faults, return what it holds."""
    page = read_page(html)
    assert not page.faults, page.faults
    return page
