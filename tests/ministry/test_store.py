"""What stands on the disk."""

from pathlib import Path

from sqlalchemy import Connection, inspect

from dropbox.ministry.states import State
from dropbox.ministry.tables import Base
from dropbox.storage.database import open_database
from tests.ministry.world import PLANTED, Running, World, referral

ANSWERED = "planted words of an answer"


def _schema(connection: Connection) -> dict[str, dict[str, bool]]:
    found = inspect(connection)
    return {
        table: {column["name"]: column["nullable"] for column in found.get_columns(table)}
        for table in found.get_table_names()
        if table != "alembic_version"
    }


async def test_the_migrations_make_what_the_models_say(running: Running, world: World) -> None:
    assert await running.inbox.store.incoming() == ()
    database = open_database(world.url)
    async with database.read() as connection:
        found = await connection.run_sync(_schema)
    await database.close()
    assert found == {
        table.name: {column.name: bool(column.nullable) for column in table.columns}
        for table in Base.metadata.tables.values()
    }


async def test_nothing_of_a_card_or_an_answer_stands_in_the_clear(sqlite_world: World) -> None:
    card = referral()
    async with sqlite_world.start() as running:
        person = await running.sign_in()
        sealed = sqlite_world.bureau.seal(card, running.address)
        sqlite_world.intake.offer(sqlite_world.bureau.batch(running.address, sealed))
        await running.sync.round()
        view = await running.inbox.card(card.reference.hex())
        await running.inbox.answer(person, view, State.RECEIVED, "", ANSWERED)
        await running.sync.round()
        during = _everything(sqlite_world.place)
    needles = [PLANTED, ANSWERED, card.ask, card.not_do, card.reference.hex(), card.evidence]
    for content in (during, _everything(sqlite_world.place)):
        assert len(content) > 10_000
        assert [needle for needle in needles if needle.encode() in content] == []
        assert card.reference not in content


def _everything(folder: Path) -> bytes:
    """Database, write-ahead log, keyrings, accounts."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
