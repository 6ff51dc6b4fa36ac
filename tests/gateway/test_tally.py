"""What fails while somebody visits is said once a day, and when the command ends: a line at once would be a time."""

import os
import signal
import subprocess
import sys

_MOTHER = """
import os, sys
from dropbox.gateway.mother import Mother, Pool
from dropbox.web.tally import Tally

jobs = int(sys.argv[1])

def serve(taken, ending):
    if not os.read(jobs, 1):
        return
    taken()
    raise LookupError("words of a visitor")

class Telling(Tally):
    def count(self, sentence):
        super().count(sentence)
        os.write(1, b"counted\\n")

Mother(Pool(1, 8, 60, 5), serve, Telling(), lambda: None).run()
"""


def test_a_process_that_crashes_is_said_at_the_end_and_not_at_once() -> None:
    reading, writing = os.pipe()
    command = [sys.executable, "-c", _MOTHER, str(reading)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=[reading]) as mother:
        assert mother.stdout is not None
        assert mother.stderr is not None
        os.write(writing, b"xxx")
        assert [mother.stdout.readline() for _ in range(3)] == [b"counted\n"] * 3
        os.set_blocking(mother.stderr.fileno(), False)
        assert mother.stderr.read() is None
        os.set_blocking(mother.stderr.fileno(), True)
        mother.send_signal(signal.SIGTERM)
        os.close(writing)  # who waits is told that nothing more comes
        said = mother.stderr.read()
    os.close(reading)
    assert mother.returncode == 0
    assert said == b"dropbox-gateway: 3 times since this was last said: a process ended by LookupError\n"
