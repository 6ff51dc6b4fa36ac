"""A new release's migrations run before it serves; one that fails leaves the old release serving, on the old schema."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import inspect, text

from dropbox.protocol import sizes
from dropbox.storage.database import Database, open_database
from tests.intake.conftest import World
from tests.intake.test_process import desk, process, today, write_config
from tests.simulators.intake_client import ReporterClient
from tests.simulators.intake_instance import envelope

_ROOT: Final = Path(__file__).parents[2]
_STEP: Final = '''"""A step of the next release."""
import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("envelopes", sa.Column("note", sa.String(8)))
    op.execute("DELETE FROM envelopes")
    {last}
'''
_GOOD: Final = _STEP.replace('    op.execute("DELETE FROM envelopes")\n', "").format(last="")
_BROKEN: Final = _STEP.format(last='op.execute("INSERT INTO nowhere VALUES (1)")')


def next_release(folder: Path, step: str) -> Path:
    """This release with one more step."""
    shutil.copytree(_ROOT / "dropbox", folder / "dropbox", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "dropbox/intake/migrations/versions/0003_step.py").write_text(step)
    return folder


def run(release: Path, config: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One command of that release."""
    start = "import sys; from dropbox.intake.cli import main; sys.exit(main())"
    environment: Mapping[str, str] = {**os.environ, "PYTHONPATH": str(release)}
    return subprocess.run(
        [sys.executable, "-P", "-c", start, *arguments, "--config", str(config)],
        cwd=release,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


async def whole(database: Database) -> dict[str, Any]:
    """Every table with its columns and rows."""
    async with database.read() as connection:
        found = await connection.run_sync(
            lambda sync: {
                name: [one["name"] for one in inspect(sync).get_columns(name)]
                for name in inspect(sync).get_table_names()
            }
        )
        return {
            name: (columns, sorted(map(repr, await connection.execute(text(f"SELECT * FROM {name}")))))  # noqa: S608 - our own names
            for name, columns in found.items()
        }


@pytest.mark.parametrize("arguments", [("--rehearse",), ()], ids=["rehearsed", "done"])
async def test_a_broken_migration_leaves_the_old_release_and_its_database_as_they_were(
    world: World, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    config, broken = write_config(world), next_release(tmp_path / "next", _BROKEN)
    sockets, day = world.folder / "run", today()
    async with process(config) as old, desk(world) as courier:
        await courier.put(f"/v1/bulletins/{day}/0", world.instance.bulletin(day))
        async with ReporterClient(sockets / "reporters.sock") as reporter:
            await reporter.upload(envelope(16 * sizes.KIB, day))
        if not arguments:
            old.send_signal(signal.SIGTERM)
            await old.wait()
        database = open_database(str(world.values()["database"]))
        before = await whole(database)
        tried = run(broken, config, "migrate", *arguments)
        assert tried.returncode == 1
        assert "it is as it was: run the release before" in tried.stderr
        assert "nowhere" not in tried.stderr
        assert await whole(database) == before
        await database.close()
        if arguments:  # the old one never stopped
            async with ReporterClient(sockets / "reporters.sock") as reporter:
                await reporter.upload(envelope(16 * sizes.KIB, day))
    async with process(config), desk(world) as courier:
        listed = json.loads(await courier.get("/v1/envelopes"))["envelopes"]
    assert len(listed) == (2 if arguments else 1)


async def test_a_good_migration_is_rehearsed_beside_the_old_release_and_done_once_it_has_stopped(
    world: World, tmp_path: Path
) -> None:
    config, good = write_config(world), next_release(tmp_path / "next", _GOOD)
    day = today()
    async with process(config) as old, desk(world) as courier:
        await courier.put(f"/v1/bulletins/{day}/0", world.instance.bulletin(day))
        assert run(good, config, "migrate", "--rehearse").stdout == "It can be brought to this release.\n"
        refused = run(good, config, "migrate")
        assert refused.returncode == 1  # the old one runs
        async with ReporterClient(world.folder / "run" / "reporters.sock") as reporter:
            await reporter.upload(envelope(16 * sizes.KIB, day))
        old.send_signal(signal.SIGTERM)
        await old.wait()
    assert run(good, config, "migrate").stdout == "The database is at this release.\n"
    database = open_database(str(world.values()["database"]))
    columns, rows = (await whole(database))["envelopes"]
    await database.close()
    assert "note" in columns
    assert len(rows) == 1
    assert "belongs to a newer release" in run(_ROOT, config).stderr
