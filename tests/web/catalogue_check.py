"""What a role's catalogue must have, for the tests of every role."""

from importlib import resources

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir

from dropbox.web.catalogues import read_catalogue
from dropbox.web.languages import ENGLISH, LANGUAGES

KEYWORDS = {"mark": None, "_": None, "gettext": None, "ngettext": (1, 2)}


def messages_of(package: str) -> set[str | tuple[str, ...]]:
    """Every text of `package`, as it stands in its code and its templates."""
    found = extract_from_dir(
        str(resources.files(package)),
        method_map=[("**.py", "python"), ("**/templates/**.html", "jinja2.ext:babel_extract")],
        options_map={"**/templates/**.html": {"trimmed": "true", "silent": "false"}},
        keywords=KEYWORDS,
    )
    return {message for _, _, message, _, _ in found}


def catalogues(package: str) -> dict[str, Catalog]:
    """The catalogues of `package` by language, without English."""
    return {language.code: read_catalogue(package, language) for language in LANGUAGES if language != ENGLISH}


def assert_complete(package: str) -> None:
    """Fail for a text without a translation, a translation without a text, or a value that one of them lacks."""
    wanted = messages_of(package)
    for code, catalogue in catalogues(package).items():
        entries = {message.id: message for message in catalogue if message.id}
        assert set(entries) == wanted, (code, set(entries) ^ wanted)
        for message in entries.values():
            texts = [message.string] if isinstance(message.string, str) else list(message.string or ())
            assert texts, (code, message.id)
            assert all(texts), (code, message.id)
            assert not message.fuzzy, (code, message.id)
            assert not list(message.check(catalogue)), (code, message.id)
