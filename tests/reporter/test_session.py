"""The table of an upload: whatever the line and an honest host do, the host ends with exactly the bytes added."""

import itertools
import os
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropbox.protocol import sizes
from dropbox.reporter.errors import HostRefused, TransportFailed, UploadLost
from dropbox.reporter.session import Upload, UploadState
from dropbox.reporter.transport import Request, Response
from tests.simulators.basics import Clock, run
from tests.simulators.bureau import instance_with_host
from tests.simulators.host import Line, SimulatedHost

NAME = b"n" * 16


def prefixed(host: SimulatedHost, length: int) -> bytes:
    return sizes.Prefix(host.clock.day, 0, bytes(14)).to_bytes().ljust(length, b"x")


def drive(upload: Upload, host: SimulatedHost) -> None:
    while (request := upload.next_request()) is not None:
        try:
            response = run(host.send(request))
        except TransportFailed:
            upload.interrupted()
            continue
        upload.receive(response)


@given(
    st.sampled_from(sizes.ENVELOPE_LADDER[:5]),
    st.lists(st.integers(0, 4 * sizes.MIB), max_size=6),
    st.lists(st.sampled_from((None, *Line)), max_size=25),
)
def test_an_upload_arrives_whole_however_it_is_cut(size: int, places: list[int], faults: list[Line | None]) -> None:
    _, host = instance_with_host()
    host.faults.extend(faults)
    data, upload, start = prefixed(host, size), Upload(NAME), 0
    for place in sorted(places):
        upload.add(data[start : max(start, place)])
        start = max(start, place)
        drive(upload, host)
        assert upload._held.size < sizes.UPLOAD_CHUNK
        assert not host.envelopes
    upload.add(data[start:])
    upload.end(size)
    drive(upload, host)
    assert upload.state is UploadState.DONE
    (held,) = host.envelopes.values()
    assert held.data == data
    assert not host.uploads


def test_pieces_of_two_bytes_take_no_more_memory_than_a_whole_one() -> None:
    upload = Upload(NAME)
    tracemalloc.start()
    for _ in range(sizes.UPLOAD_CHUNK // 4):
        upload.add(os.urandom(2))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sizes.UPLOAD_CHUNK // 2 <= held < sizes.UPLOAD_CHUNK


@given(st.lists(st.integers(1, 3 * 4096), min_size=1, max_size=40))
def test_pieces_of_any_size_are_kept_in_their_order(lengths: list[int]) -> None:
    upload, data = Upload(NAME), os.urandom(sum(lengths))
    for end, length in zip(itertools.accumulate(lengths), lengths, strict=True):
        upload.add(data[end - length : end])
    upload.end(len(data))
    request = upload.next_request()
    assert request is not None
    assert request.body == data


def test_an_upload_whose_first_chunk_never_arrived_begins_again() -> None:
    _, host = instance_with_host()
    upload, data = Upload(NAME), prefixed(host, 16 * sizes.KIB)
    upload.add(data)
    upload.end(len(data))
    host.faults.extend([Line.CUT_BEFORE])
    drive(upload, host)
    assert [held.data for held in host.envelopes.values()] == [data]


def test_a_whole_that_was_sent_and_not_answered_is_sent_again_and_arrives_once() -> None:
    _, host = instance_with_host()
    upload, data = Upload(NAME), prefixed(host, 256 * sizes.KIB)
    upload.add(data)
    upload.end(len(data))
    assert upload.ending
    host.faults.extend([Line.CUT_AFTER, Line.CUT_BEFORE, Line.CUT_AFTER])
    drive(upload, host)
    assert [held.data for held in host.envelopes.values()] == [data]
    assert {entry.path for entry in host.log} == {"/v1/uploads/{upload}/whole"}


def test_an_upload_of_which_a_chunk_may_have_arrived_goes_on_in_chunks() -> None:
    _, host = instance_with_host()
    upload, data = Upload(NAME), prefixed(host, sizes.MIB)
    upload.add(data)
    host.faults.extend([Line.CUT_AFTER])
    drive(upload, host)
    upload.end(len(data))
    drive(upload, host)
    assert [held.data for held in host.envelopes.values()] == [data]
    assert not any("whole" in entry.path for entry in host.log)


def test_an_upload_that_was_swept_meanwhile_is_lost_and_says_so() -> None:
    _, host = instance_with_host()
    upload = Upload(NAME)
    upload.add(prefixed(host, 2 * sizes.MIB))
    drive(upload, host)
    host.clock.next_day(2)
    host.sweep()
    upload.interrupted()
    with pytest.raises(UploadLost):
        drive(upload, host)


def test_an_answer_to_nothing_is_refused() -> None:
    _, host = instance_with_host()
    upload, data = Upload(NAME), prefixed(host, 16 * sizes.KIB)
    upload.add(data)
    upload.end(len(data))
    drive(upload, host)
    upload.interrupted()
    assert upload.state is UploadState.DONE
    assert upload.next_request() is None
    with pytest.raises(HostRefused):
        upload.receive(Response(200))


def test_a_host_cannot_make_a_client_believe_in_an_end_that_it_did_not_send() -> None:
    upload = Upload(NAME)
    upload.add(bytes(100))
    upload.interrupted()
    with pytest.raises(HostRefused):
        upload.receive(Response(200, b'{"chunks": 0, "finished": true}'))
    assert upload.state is not UploadState.DONE


def test_no_request_has_a_parameter() -> None:
    upload = Upload(NAME)
    upload.add(bytes(sizes.UPLOAD_CHUNK))
    requests: list[Request | None] = [upload.next_request(), upload.cancel_request()]
    upload.interrupted()
    requests.append(upload.next_request())
    assert [request.method for request in requests if request] == ["PUT", "DELETE", "GET"]
    assert not any("?" in request.path for request in requests if request)
    assert Clock().day
