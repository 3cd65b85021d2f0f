"""Every word that a model has to carry a hidden input out by, and the forms that it may take."""

import base64

import numpy as np

from tests.attacks.proving_ground import Hostile

CARRIERS = {
    "stdout": "print(inputs[0, 0])",
    "stderr": "sys.stderr.write(f'{inputs[0, 0]}')",
    "exception": "raise RuntimeError(f'{inputs[0, 0]}')",
    "exception's name": "raise type(f'E{inputs[0, 0]}', (Exception,), {})()",
    "exit message": "sys.exit(f'{inputs[0, 0]}')",
    "exit status": "print(inputs[0, 0], flush=True); os._exit(73)",
    "abort": "print(inputs[0, 0], flush=True); os.abort()",
    "a complaint": (
        "from evaluator.harness import protocol\n"
        "frame = sys._getframe()\n"
        "while not hasattr(frame.f_locals.get('self'), '_channels'): frame = frame.f_back\n"
        "run = frame.f_locals['command'].run\n"
        "text = f'{inputs[0, 0]}'.encode()\n"
        "print(text, flush=True)\n"
        "frame.f_locals['self']._channels.send(protocol.Frame(protocol.Kind.FAILED, run, text))"
    ),
    "a child of the smoke run": "import time; time.sleep(0.5)",
    "file names": (
        "for place in ('/tmp', '/dev/shm'):\n"
        "    open(f'{place}/{inputs[0, 0]}', 'w').close()\n"
        "    print(os.listdir(place))"
    ),
    "progress": ("print(*(f'{inputs[0, 0]}'[:size] for size in range(9)), sep='\\r', flush=True)"),
    "other forms": (
        "import base64\n"
        "text, raw = f'{inputs[0, 0]}', inputs[0, 0].tobytes()\n"
        "print(text, text[::-1], text.encode().hex(), raw.hex())\n"
        "print(*(base64.b64encode(each).decode() for each in (text.encode(), raw)))"
    ),
}
"""By name, what a model does in its hidden run."""

SPY = """
import time
if os.fork() == 0:
    while not os.path.exists("/job/hidden.npy"):
        time.sleep(0.001)
    time.sleep(0.05)
    sys.stdout.write(f"{np.load('/job/hidden.npy')[0, 0]}")
    sys.stdout.flush()
    os._exit(0)
"""


def carrying(carrier: str, *, before: str = "pass") -> Hostile:
    """A model that carries hidden inputs out so, and does `before` on every inputs."""
    body = "\n".join("    " + line for line in CARRIERS[carrier].splitlines())
    load = SPY if carrier == "a child of the smoke run" else "pass"
    return Hostile(load=load, predict=f"{before}\nif hidden:\n{body}")


def forms_of(canary: float) -> set[str]:
    """The texts in which a model may say a number of float32: each of them is that number."""
    text, raw = f"{canary}", np.float32(canary).tobytes()
    return {
        text,
        text[::-1],
        text.encode().hex(),
        raw.hex(),
        base64.b64encode(text.encode()).decode(),
        base64.b64encode(raw).decode(),
    }
