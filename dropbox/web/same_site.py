"""Where a form came from, as far as the browser says it."""

from collections.abc import Mapping

from dropbox.web.errors import RefusedRequest

_OF_OUR_OWN = ("same-origin", "none")


def check_same_site(headers: Mapping[str, str]) -> None:
    """Refuse a form that the browser says came from elsewhere; `headers` by lower-case names, or whatever their case.

    `Origin` is of no use here: with `Referrer-Policy: no-referrer` browsers send "null" from our own pages too.
    """
    if headers.get("sec-fetch-site", "none") not in _OF_OUR_OWN:
        message = "the form came from another site"
        raise RefusedRequest(message)
