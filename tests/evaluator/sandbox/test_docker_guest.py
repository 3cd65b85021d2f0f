"""The stream of an attached container, taken apart."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.sandbox.base import SandboxFault
from evaluator.sandbox.docker_guest import Demultiplexer
from evaluator.sandbox.guest import Source

PIECES = st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=30)))


@given(pieces=PIECES, data=st.data())
def test_streams_survive_any_cutting(pieces: list[tuple[int, bytes]], data: st.DataObject) -> None:
    stream = b"".join(struct.pack(">BxxxI", kind, len(body)) + body for kind, body in pieces)
    demultiplexer = Demultiplexer()
    got = {Source.RESULTS: b"", Source.LOG: b""}
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        for source, body in demultiplexer.feed(stream[:size]):
            got[source] += body
        stream = stream[size:]

    assert got[Source.RESULTS] == b"".join(body for kind, body in pieces if kind == 1)
    assert got[Source.LOG] == b"".join(body for kind, body in pieces if kind == 2)


def test_an_unknown_stream_is_a_fault() -> None:
    with pytest.raises(SandboxFault, match="unknown kind"):
        Demultiplexer().feed(struct.pack(">BxxxI", 3, 1))
