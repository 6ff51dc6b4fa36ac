"""What tor itself still holds in memory after a visit: docs/threat-model.md states it as it is found here."""

from secrets import token_hex
from typing import Final

from deploy.demo.tornet.network import PrivateNetwork
from tests.onion.conftest import Reachable
from tests.onion.through_tor import connect
from tests.residue.memory import copies
from tests.system import raw

REPEATED: Final = 20_000


def test_pieces_of_what_a_visitor_sent_stay_in_the_hosts_tor_until_it_ends(
    shared: Reachable, network: PrivateNetwork
) -> None:
    marker, isolate = token_hex(12), token_hex(8)
    form = raw.fetch_form(shared.url, connect(shared.visitors, shared.host, isolate=isolate))
    size = REPEATED * len(marker)
    line = connect(shared.visitors, shared.host, isolate=isolate)
    answer = raw.send(shared.url, form, "Bijlage", [marker.encode()] * REPEATED, size, line=line)
    assert "Uw melding is verzegeld en verstuurd" in answer
    shared.close_circuits()
    needles = {"file": marker.encode()}
    relays = [node.pid for name, node in network.nodes.items() if name.startswith(("relay", "authority"))]
    assert copies(relays, needles) == {"file": 0}, "what a relay carries is encrypted"
    assert copies([shared.tor.pid], needles)["file"], "then tor has become better: say so in docs/threat-model.md"
    shared.tor.stop()
    shared.tor.start()
    network.join_and_publish(shared.tor, shared.service)
    assert copies([shared.tor.pid], needles) == {"file": 0}
