"""A visit to the demo's onion address by a browser without a screen, to show what a visitor sees."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

_WITHIN = 180  # seconds
_SIZE = "1280,1800"  # pixels


async def visit(url: str, socks: int, picture: Path) -> str:
    """Opens the page through a SOCKS proxy on loopback and draws it; gives a sentence on that."""
    command = which("chromium") or which("chromium-browser")
    if command is None:
        return "No picture of a visit: Chromium is not installed. On Debian: apt-get install chromium"
    with TemporaryDirectory(prefix="dropbox-visit-", ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            command, "--headless", f"--screenshot={picture}", f"--window-size={_SIZE}", f"--user-data-dir={profile}",
            f"--proxy-server=socks5://127.0.0.1:{socks}", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage",
            "--disable-background-networking", *(["--no-sandbox"] if os.geteuid() == 0 else []), url,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            async with asyncio.timeout(_WITHIN):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
    if process.returncode or not await asyncio.to_thread(picture.exists):
        return "The visit failed: the browser drew no picture."
    return f"A visit over the onion address, as a picture: {picture}"
