"""Frames and commands: what goes in comes out, and nothing else gets in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.harness.commands import decode_command, encode_command
from evaluator.harness.protocol import (
    FRAME_LIMIT,
    HEADER,
    RUN_BYTES,
    Command,
    End,
    Frame,
    FrameReader,
    FrameTooLarge,
    Kind,
    Load,
    Predict,
    ProtocolError,
    encode,
)

RUNS = st.binary(min_size=RUN_BYTES, max_size=RUN_BYTES)
FRAMES = st.builds(Frame, st.sampled_from(Kind), RUNS, st.binary(max_size=200))
COMMANDS = st.one_of(
    st.builds(
        Load,
        run=RUNS,
        folder=st.text(),
        task_type=st.text(),
        task_settings=st.dictionaries(st.text(), st.lists(st.integers())),
        seed=st.integers(),
    ),
    st.builds(Predict, run=RUNS, inputs=st.text(), batch_size=st.integers()),
    st.just(End()),
)


@given(frames=st.lists(FRAMES, max_size=5), data=st.data())
def test_frames_survive_any_cutting(frames: list[Frame], data: st.DataObject) -> None:
    stream = b"".join(encode(frame) for frame in frames)
    reader = FrameReader()
    read: list[Frame] = []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        read += reader.feed(stream[:size])
        stream = stream[size:]

    assert read == frames
    assert reader.pending == 0


@given(st.binary(max_size=400))
def test_noise_is_frames_or_an_error(noise: bytes) -> None:
    reader = FrameReader()
    try:
        frames = reader.feed(noise)
    except ProtocolError:
        return
    assert b"".join(encode(frame) for frame in frames) + noise[len(noise) - reader.pending :] == (
        noise
    )


def test_a_frame_that_is_too_large_is_refused_by_its_header() -> None:
    with pytest.raises(FrameTooLarge):
        FrameReader().feed(HEADER.pack(Kind.PREDICTIONS, bytes(RUN_BYTES), FRAME_LIMIT + 1))


def test_an_unfinished_frame_is_pending() -> None:
    reader = FrameReader()
    assert reader.feed(encode(Frame(Kind.FAILED, bytes(RUN_BYTES), b"abc"))[:-1]) == []
    assert reader.pending == HEADER.size + 2


@given(COMMANDS)
def test_commands_survive(command: Command) -> None:
    line = encode_command(command)

    assert line.count(b"\n") == 1
    assert decode_command(line) == command


@pytest.mark.parametrize(
    "line", [b"", b"{}", b"[]", b"null", b'{"command": "format"}', b'{"command": "end", "x": 1}']
)
def test_what_is_no_command(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_command(line)
