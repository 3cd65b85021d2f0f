"""The pool: what it keeps, what it hands out, and that nothing is left."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from evaluator.contract import Limits
from evaluator.sandbox import pool as pool_module
from evaluator.sandbox.base import SandboxFault
from evaluator.sandbox.guest import Source
from evaluator.sandbox.guest_key import GuestKey
from evaluator.sandbox.pool import Pool
from evaluator.sandbox.ready_guest import ReadyGuest
from tests.evaluator.sandbox.guests import Engine, ScriptedGuest
from tests.support import waiting

MEBIBYTE = 1024**2
KEYS = [GuestKey.of("python", Limits(memory_bytes=size * MEBIBYTE)) for size in (64, 128, 256)]
FIRST, SECOND, THIRD = KEYS


@pytest.fixture(autouse=True, scope="module")
def _hasty() -> Iterator[None]:
    """A keeper that looks often, and tests that look as often."""
    with (
        mock.patch.object(pool_module, "CHECK_SECONDS", 0.01),
        mock.patch.object(pool_module, "FIRST_PAUSE_SECONDS", 0.01),
        mock.patch.object(pool_module, "LONGEST_PAUSE_SECONDS", 0.02),
        mock.patch.object(waiting, "LOOK_SECONDS", 0.002),
    ):
        yield


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path)


def make(engine: Engine, *, size: int = 1, reusable: bool = False) -> Pool:
    return Pool(engine.start, size=size, reusable=reusable, name="test")


def waiting_guests(pool: Pool) -> list[ReadyGuest]:
    return list(pool._idle)


def taken(pool: Pool, key: GuestKey) -> ReadyGuest:
    ready = waiting.wait_for(lambda: pool.take(key), "a guest")
    assert ready is not None
    return ready


def test_nothing_is_kept_where_nothing_shall_be(engine: Engine) -> None:
    pool = make(engine, size=0)
    pool.prefer(FIRST)

    assert pool.take(FIRST) is None
    assert engine.guests == []
    pool.close()


def test_the_place_of_a_taken_guest_is_filled_beside_its_job(engine: Engine) -> None:
    pool = make(engine)
    pool.prefer(FIRST)
    first = taken(pool, FIRST)
    second = taken(pool, FIRST)

    assert first.guest is not second.guest
    pool.close()
    assert engine.left() == [first.guest, second.guest]


def test_a_miss_prepares_for_the_next_one(engine: Engine) -> None:
    pool = make(engine)
    assert pool.take(SECOND) is None
    assert taken(pool, SECOND).key == SECOND
    pool.close()


def test_keys_that_were_asked_for_last_share_the_size(engine: Engine) -> None:
    pool = make(engine, size=4)
    for key in (FIRST, SECOND, THIRD):
        pool.prefer(key)
    waiting.wait_for(lambda: len(waiting_guests(pool)) == 4, "four guests")

    assert sorted(KEYS.index(ready.key) for ready in waiting_guests(pool)) == [0, 1, 2, 2]
    pool.close()
    assert engine.left() == []


@pytest.mark.parametrize("talks", [False, True])
def test_one_that_died_or_talked_is_never_handed_out(engine: Engine, *, talks: bool) -> None:
    pool = make(engine)
    pool.prefer(FIRST)
    waiting.wait_for(lambda: waiting_guests(pool), "a guest")
    (spoilt,) = engine.guests
    if talks:
        spoilt.says.append((Source.LOG, b"words"))
    else:
        spoilt.alive = False

    assert taken(pool, FIRST).guest is not spoilt
    waiting.wait_for(lambda: spoilt.destroyed, "the end of the spoilt one")
    pool.close()


def test_one_that_died_is_replaced_unasked(engine: Engine) -> None:
    pool = make(engine)
    pool.prefer(FIRST)
    waiting.wait_for(lambda: waiting_guests(pool), "a guest")
    engine.guests[0].alive = False
    waiting.wait_for(lambda: len(engine.guests) == 2 and waiting_guests(pool), "another")

    assert engine.guests[0].destroyed
    pool.close()


def test_it_goes_on_when_the_engine_is_back(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    pool = make(engine)
    pool.prefer(FIRST)
    waiting.wait_for(lambda: waiting_guests(pool), "a guest")
    engine.answers = False
    engine.guests[0].alive = False
    waiting.wait_for(lambda: "No guest can be kept ready" in caplog.text, "a warning")
    assert pool.take(FIRST) is None
    engine.answers = True

    assert taken(pool, FIRST).guest.alive  # type: ignore[attr-defined]
    waiting.wait_for(lambda: engine.guests[0].destroyed, "the end of the dead one")
    pool.close()


def test_it_goes_on_after_a_mistake_of_ours(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    mistakes = [ValueError("a mistake")]

    def start(key: GuestKey, on_tick: Callable[[], None]) -> ReadyGuest:
        if mistakes:
            raise mistakes.pop()
        return engine.start(key, on_tick)

    pool = Pool(start, size=1, reusable=False, name="test")
    pool.prefer(FIRST)
    taken(pool, FIRST).destroy()
    assert "a mistake" in caplog.text
    pool.close()


def test_a_reusable_guest_is_kept_once_and_comes_back(engine: Engine) -> None:
    pool = make(engine, size=2, reusable=True)
    assert pool.take(FIRST) is None
    own = engine.start(FIRST, lambda: None)
    pool.give_back(own)

    assert pool.take(FIRST) is own
    pool.give_back(own)
    assert engine.guests == [own.guest]
    pool.close()
    assert engine.left() == []


def test_a_reusable_guest_that_is_lost_is_replaced(engine: Engine) -> None:
    pool = make(engine, size=2, reusable=True)
    pool.prefer(FIRST)
    waiting.wait_for(lambda: waiting_guests(pool), "a guest")
    lost = pool.take(FIRST)
    pool.forget(FIRST)
    waiting.wait_for(lambda: waiting_guests(pool), "another")

    assert lost not in waiting_guests(pool)
    pool.close()


def test_keys_that_nobody_asks_for_any_more_go(engine: Engine) -> None:
    pool = make(engine, size=2, reusable=True)
    for key in KEYS:
        ready = pool.take(key) or engine.start(key, lambda: None)
        pool.give_back(ready)
    waiting.wait_for(lambda: len(engine.left()) == 2, "the end of the first")

    assert {ready.key for ready in waiting_guests(pool)} == {SECOND, THIRD}
    pool.close()


def test_closing_tells_what_the_engine_did_not_remove(engine: Engine) -> None:
    pool = make(engine)
    pool.prefer(FIRST)
    waiting.wait_for(lambda: waiting_guests(pool), "a guest")
    engine.answers = False

    with pytest.raises(SandboxFault, match="away"):
        pool.close()


def test_what_the_engine_does_not_destroy_goes_once_it_is_back(engine: Engine) -> None:
    pool = make(engine, size=0)
    ready = engine.start(FIRST, lambda: None)
    engine.answers = False
    pool.destroy(ready)
    assert engine.left() == [ready.guest]
    engine.answers = True

    waiting.wait_for(lambda: engine.left() == [], "the end of the guest")
    pool.close()


class PoolMachine(RuleBasedStateMachine):
    """Jobs come and go, guests die, the engine goes and comes back.

    What is drawn does not depend on how far the pool's own thread has come.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="minigiants-pool-")
        self.engine = Engine(Path(self.folder.name))
        self.lent: list[ReadyGuest] = []
        self.seen: set[ReadyGuest] = set()

    @initialize(size=st.integers(0, 3), reusable=st.booleans())
    def begin(self, size: int, *, reusable: bool) -> None:
        self.size, self.reusable = size, reusable
        self.pool = make(self.engine, size=size, reusable=reusable)

    @rule(key=st.sampled_from(KEYS))
    def prefer(self, key: GuestKey) -> None:
        self.pool.prefer(key)

    @rule(key=st.sampled_from(KEYS))
    def take(self, key: GuestKey) -> None:
        ready = self.pool.take(key)
        if ready is None:
            if not self.engine.answers:
                if self.reusable:
                    self.pool.forget(key)
                return
            ready = self.engine.start(key, lambda: None)
        assert ready.key == key
        assert isinstance(ready.guest, ScriptedGuest)
        assert ready.guest.alive
        assert ready not in self.lent
        assert self.reusable or ready not in self.seen
        self.seen.add(ready)
        self.lent.append(ready)

    @rule(which=st.integers(0, 9), lost=st.booleans())
    def end(self, which: int, *, lost: bool) -> None:
        if not self.lent:
            return
        ready = self.lent.pop(which % len(self.lent))
        if not self.reusable:
            self.pool.retire(ready)
        elif lost:
            self.pool.forget(ready.key)
            self.pool.destroy(ready)
        else:
            self.pool.give_back(ready)

    @rule(which=st.integers(0, 9))
    def die(self, which: int) -> None:
        left = self.engine.left()
        if left:
            left[which % len(left)].alive = False

    @rule(answers=st.booleans())
    def go_and_come(self, *, answers: bool) -> None:
        self.engine.answers = answers

    @rule()
    def settle(self) -> None:
        """With an engine, the pool soon has what it wants, all alive, and nothing else is left."""
        self.engine.answers = True
        waiting.wait_for(self._is_settled, "a settled pool")

    @invariant()
    def no_more_wait_than_may(self) -> None:
        if hasattr(self, "pool"):
            assert len(self.pool._idle) <= self.size

    def _is_settled(self) -> bool:
        lent = {id(ready.guest) for ready in self.lent}
        with self.pool._change:
            idle = {id(ready.guest) for ready in self.pool._idle}
            missing = self.pool._missing()
        left = self.engine.left()
        return (
            missing is None
            and {id(guest) for guest in left} == idle | lent
            and all(guest.alive or id(guest) in lent for guest in left)
        )

    def teardown(self) -> None:
        self.engine.answers = True
        if hasattr(self, "pool"):
            self.pool.close()
        assert {id(guest) for guest in self.engine.left()} <= {id(each.guest) for each in self.lent}
        self.folder.cleanup()


def test_whatever_happens() -> None:
    run_state_machine_as_test(
        PoolMachine,
        settings=settings(
            max_examples=20,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
