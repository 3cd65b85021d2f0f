"""Models that take all there is, handed in like any other: each ends by its own limit alone."""

from pathlib import Path

import pytest

from tests.support.arena import SCORED_SECONDS, Arena

pytestmark = [pytest.mark.server, pytest.mark.docker]

BOMBS = {
    "crashed": "import os\nwhile True: os.fork()",
    "out_of_memory": "held = [bytearray(b'x' * 2**20) for _ in range(2**16)]",
    "timed_out": "while True: pass",
}
"""By the code of the failure that each is to end with. Each goes off on the hidden inputs."""

MODEL = """
import os
import numpy as np

class Model:
    def predict(self, inputs):
        if os.path.exists("/job/hidden.npy"):
            {bomb}
        return np.ones((len(inputs), 3), dtype=np.float32)

def load(folder, device):
    return Model()
"""


@pytest.mark.timeout(600)
def test_bombs_end_by_their_own_limits_and_the_worker_goes_on(arena: Arena, tmp_path: Path) -> None:
    worker = arena.server.worker("predict")
    for code, bomb in BOMBS.items():
        source = MODEL.format(bomb=bomb.replace("\n", "\n            "))
        done = arena.sdk.wait(arena.hand_in(source, tmp_path / code), timeout=SCORED_SECONDS)
        view = done.raw()
        assert (done.status, view["error"]["code"]) == ("failed", code)
        assert not view["quota_charged"]
        # At its first attempt: no worker was lost over it.
        steps = [(change["status"], change["code"]) for change in view["changes"]]
        assert steps == [("queued", ""), ("predicting", ""), ("failed", code)]

    arena.serves_honest_models(tmp_path / "honest")
    assert arena.server.worker("predict") == worker
