"""A whole instance: root, certified keys, one or more desks, and the bulletins that they publish together."""

from dropbox.protocol import documents
from dropbox.protocol.bulletin import DAILY, Bulletin, Recipient, sign_bulletin
from dropbox.protocol.keys import Role, verify_certificate
from dropbox.protocol.publication import Publication, sign_publication
from dropbox.protocol.secret_keys import RootSecretKey, SigningKey
from tests.simulators.basics import FIRST_DAY, Clock, Seeded
from tests.simulators.desk import SimulatedDesk
from tests.simulators.host import SimulatedHost

BOARD_PERIOD = 4 * 3600
_CERTIFIED = (Role.BULLETIN, Role.BOARD, Role.PUBLICATION)


class SimulatedBureau:
    """The root and the desks. Certificates last two years."""

    def __init__(self, clock: Clock, desks: int = 1, seed: object = "bureau") -> None:
        """Makes all keys from the seed."""
        self.clock, self.random = clock, Seeded(seed)
        self.root = RootSecretKey.generate(self.random)
        self.signing = {role: SigningKey.generate(role, self.random) for role in _CERTIFIED}
        last = FIRST_DAY + 730
        self.certificate_bytes = tuple(
            self.root.certify(role, key.public, FIRST_DAY - 30, last) for role, key in self.signing.items()
        )
        self.desks = tuple(
            SimulatedDesk(self.random(16), self.signing[Role.BOARD], clock, Seeded((seed, number)))
            for number in range(desks)
        )
        self.previous = bytes(32)
        self.sequence = 0

    def bulletin(self, day: int | None = None, revision: int = 0) -> Bulletin:
        """The bulletin of a day, with a new prekey of every desk."""
        day = self.clock.day if day is None else day
        bulletin = Bulletin(
            instance=self.root.public.instance,
            day=day,
            revision=revision,
            kind=DAILY,
            certificates=tuple(verify_certificate(data, self.root.public) for data in self.certificate_bytes),
            certificate_documents=tuple(documents.decode(data, limit=4096) for data in self.certificate_bytes),
            recipients=tuple(Recipient(desk.identity, desk.new_prekey(day, revision)) for desk in self.desks),
            board_period=BOARD_PERIOD,
            browser_bundle="",
            previous=self.previous,
        )
        self.previous = bulletin.hash
        for desk in self.desks:
            desk.bulletins[day, revision] = bulletin
        return bulletin

    def signed(self, bulletin: Bulletin) -> bytes:
        """The bulletin's bytes."""
        return sign_bulletin(bulletin, self.signing[Role.BULLETIN].sign)

    def publication(self) -> bytes:
        """What everyone is told today."""
        self.sequence += 1
        day = self.clock.day
        publication = Publication(self.root.public.instance, self.sequence, day, day + 30, day)
        return sign_publication(publication, self.signing[Role.PUBLICATION].sign)

    def open_day(self, host: SimulatedHost) -> Bulletin:
        """Publishes bulletin, publication and boards of the day."""
        bulletin = self.bulletin()
        host.put_bulletin(self.signed(bulletin))
        host.publication = self.publication()
        for desk in self.desks:
            desk.issue(host)
        return bulletin


def instance_with_host(desks: int = 1, seed: object = "bureau") -> tuple[SimulatedBureau, SimulatedHost]:
    """A bureau and a host with one clock, on the first day, with everything published."""
    clock = Clock()
    bureau = SimulatedBureau(clock, desks, seed)
    host = SimulatedHost(bureau.root.public, clock, Seeded((seed, "host")))
    bureau.open_day(host)
    return bureau, host
