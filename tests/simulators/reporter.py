"""A reporter: a receipt and the real core, nothing else. Keeps no state between visits but the words."""

from collections.abc import Sequence

from dropbox.protocol.keys import RootPublicKey
from dropbox.protocol.payload import Message
from dropbox.protocol.receipt import Receipt
from dropbox.protocol.thread import ReporterKeys
from dropbox.reporter import exchange
from dropbox.reporter.exchange import Dialogue, Outgoing, Sending
from dropbox.reporter.transport import Transport
from tests.simulators.basics import Clock, Seeded


class SimulatedReporter:
    """Somebody with twelve words and the root's fingerprint."""

    def __init__(self, root: RootPublicKey, clock: Clock, seed: object = "reporter") -> None:
        """A new receipt from the seed."""
        self.root, self.clock, self.random = root, clock, Seeded(seed)
        self.receipt = Receipt.generate(self.random)

    @property
    def thread_id(self) -> bytes:
        """What the bureau knows the dialogue by."""
        return ReporterKeys.derive(self.receipt, self.root.instance).thread_id

    async def read(self, transport: Transport) -> Dialogue:
        """A reading visit: always the same three requests."""
        bulletin = await exchange.fetch_bulletin(transport, self.root, self.clock.now)
        boards = await exchange.fetch_boards(transport, bulletin, self.clock.now)
        await exchange.fetch_publication(transport, bulletin, self.clock.now)
        return exchange.read_dialogue(self.receipt, bulletin, boards, self.clock.now)

    async def send(
        self,
        transport: Transport,
        text: str,
        *,
        files: Sequence[tuple[str, bytes]] = (),
        message_id: bytes = b"",
        known: bool = False,
        left_out: frozenset[bytes] = frozenset(),
    ) -> int:
        """A sending visit. Gives the size of the envelope."""
        bulletin = await exchange.fetch_bulletin(transport, self.root, self.clock.now)
        outgoing = Outgoing(self.receipt, message_id or self.random(16), known, left_out)
        sending = Sending(transport, bulletin, outgoing, self.random)
        await sending.begin(Message(text))
        for name, data in files:
            await sending.begin_file(name)
            await sending.file_data(data)
            await sending.end_file()
        return await sending.finish()
