"""Response headers: everything is forbidden unless a view asks for less.

`install(app)` adds them to every response of the application, also to those that the router or an exception made.
"""

from dataclasses import dataclass

from aiohttp import web

YEAR_SECONDS = 31_536_000


@dataclass(frozen=True, slots=True)
class Allowed:
    """What one response may do beyond the default.

    `sandbox`: the body is a stranger's file. `cache`: the same bytes for everybody, named by their hash, so that a
    browser may keep them.
    """

    sandbox: bool = False
    cache: bool = False


NOTHING = Allowed()
_ALLOWED = web.ResponseKey("allowed", Allowed)

FIXED_HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def allow(response: web.StreamResponse, allowed: Allowed) -> None:
    """Let this one response do what `allowed` says; call it before the response is prepared."""
    response[_ALLOWED] = allowed


def content_security_policy(allowed: Allowed) -> str:
    """Return the policy: from nothing, the site's own style, forms to the site itself, images inside the page.

    Those are a QR code and the empty icon that keeps browsers from asking for one; an image in a `data:` address
    reaches nobody.
    """
    if allowed.sandbox:
        return "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
    return (
        "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


def strip_identity(response: web.StreamResponse) -> None:
    """Take away what names the software and its version, and the server's clock (its skew tells hosts apart)."""
    response.headers.popall("Server", None)
    response.headers.popall("Date", None)


async def _add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    allowed = response.get(_ALLOWED, NOTHING)
    response.headers.update(FIXED_HEADERS)
    response.headers["Content-Security-Policy"] = content_security_policy(allowed)
    keep = f"public, max-age={YEAR_SECONDS}, immutable" if allowed.cache else "no-store"
    response.headers["Cache-Control"] = keep
    strip_identity(response)


def install(app: web.Application) -> None:
    """Make safety the default of every response that `app` sends."""
    app.on_response_prepare.append(_add_headers)
