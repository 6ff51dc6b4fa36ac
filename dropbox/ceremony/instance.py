"""A whole instance on one machine: settings files for its four roles, and the keys that each makes for itself.

The roles run as their own commands; nothing of theirs is imported here.  An instance whose roles stand on different
machines is made by hand in the same order: `root`, then `init` of each role, then `certify`.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from dropbox.ceremony.errors import AlreadyThere, CommandFailed

ROLES = ("desk", "ministry")


@dataclass(frozen=True)
class Plan:
    """Where an instance stands and how often it publishes.  Periods are in seconds.

    ``runtime`` is the folder of intake's sockets: a path of a Unix socket has at most 107 bytes, so it may have to
    stand elsewhere than the rest.
    """

    folder: Path
    runtime: Path
    board_period: int
    card_period: int
    cards_per_batch: int

    @property
    def keys(self) -> Path:
        """The folder to publish."""
        return self.folder / "keys"

    @property
    def root_secret(self) -> Path:
        """The root key's own file, to be moved offline."""
        return self.folder / "root.key"

    def settings(self, role: str) -> Path:
        """The settings file of a role: intake, gateway, desk or ministry."""
        return self.folder / f"{role}.toml"


def _toml(values: dict[str, str | int | Path]) -> str:
    """Strings here are paths and digits: a basic TOML string needs backslashes and quotation marks escaped only."""

    def spelled(value: str | int | Path) -> str:
        if isinstance(value, int):
            return str(value)
        return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'

    return "".join(f"{name} = {spelled(value)}\n" for name, value in values.items())


def write_settings(plan: Plan, root_key: str) -> None:
    """The four settings files and the folders they name.  Raises ``AlreadyThere``."""
    common: dict[str, str | int | Path] = {"keys_dir": plan.keys, "root_key": root_key}
    cards: dict[str, str | int | Path] = {"cards_per_batch": plan.cards_per_batch}
    contents: dict[str, dict[str, str | int | Path]] = {
        "intake": {
            "database": f"sqlite:///{plan.folder / 'intake' / 'intake.db'}",
            "runtime_dir": plan.runtime,
            **common,
            **cards,
        },
        "gateway": {
            "intake_socket": plan.runtime / "reporters.sock",
            "listen": "127.0.0.1:0",
            "root_key": root_key,
        },
        "desk": {
            "vault": plan.folder / "desk",
            "intake_socket": plan.runtime / "desk.sock",
            "listen": "127.0.0.1:0",
            "board_period": plan.board_period,
            "card_period": plan.card_period,
            **common,
            **cards,
        },
        "ministry": {
            "folder": plan.folder / "ministry",
            "intake_socket": plan.runtime / "ministry.sock",
            "listen": "127.0.0.1:0",
            "card_period": plan.card_period,
            **common,
            **cards,
        },
    }
    for name in ("intake", "desk", "ministry"):
        (plan.folder / name).mkdir(mode=0o700, exist_ok=True)
    plan.runtime.mkdir(mode=0o750, parents=True, exist_ok=True)
    for role, values in contents.items():
        if plan.settings(role).exists():
            raise AlreadyThere(f"{plan.settings(role)} exists: this folder already holds an instance.")
        plan.settings(role).write_text(_toml(values), encoding="utf-8")


def init_role(plan: Plan, role: str, options: list[str]) -> Path:
    """Lets a role make its own keyrings; gives its request for certificates.  Raises ``CommandFailed``."""
    request = plan.folder / f"{role}.request"
    command = Path(sys.executable).with_name(f"dropbox-{role}")
    arguments = [str(command), "init", "--config", str(plan.settings(role)), "--request", str(request), *options]
    if subprocess.run(arguments, check=False).returncode:  # noqa: S603 -- our own command beside this interpreter
        raise CommandFailed(f"dropbox-{role} init failed; its message stands above.")
    return request
