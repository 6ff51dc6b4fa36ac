"""What every page may do in a browser: nothing, unless it asks for less. Headers by name and value, for any server."""

from dataclasses import dataclass

YEAR_SECONDS = 31_536_000


@dataclass(frozen=True, slots=True)
class Allowed:
    """What one response may do beyond the default.

    `scripts`: the site's own script files, and requests of theirs to the site itself. `sandbox`: the body is a
    stranger's file. `cache`: the same bytes for everybody, named by their hash, so that a browser may keep them.
    """

    scripts: bool = False
    sandbox: bool = False
    cache: bool = False


NOTHING = Allowed()

FIXED_HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def content_security_policy(allowed: Allowed) -> str:
    """Return the policy: from nothing, the site's own style, forms to the site itself, images inside the page.

    Those are a QR code and the empty icon that keeps browsers from asking for one; an image in a `data:` address
    reaches nobody.
    """
    if allowed.sandbox:
        return "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
    scripts = "script-src 'self'; connect-src 'self'; " if allowed.scripts else ""
    return (
        f"default-src 'none'; {scripts}style-src 'self'; img-src data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


def headers_of(allowed: Allowed = NOTHING) -> dict[str, str]:
    """Return the headers of a response that may do what `allowed` says."""
    return FIXED_HEADERS | {
        "Content-Security-Policy": content_security_policy(allowed),
        "Cache-Control": f"public, max-age={YEAR_SECONDS}, immutable" if allowed.cache else "no-store",
    }
