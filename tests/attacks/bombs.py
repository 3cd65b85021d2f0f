"""Source that takes whatever a machine has, for models and metrics alike.

Each fork that has succeeded is told by a line FORKED, whoever made it: under gVisor the host can't
count them.
"""

FORKED = "FORKED"
SWARM = f"""
import time
for _ in range(100):
    try:
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        os.write(1, b"{FORKED}\\n")
    except OSError:
        break
print("COUNTED")
"""
FORK_BOMB = f"""
while True:
    try:
        if os.fork() != 0:
            os.write(1, b"{FORKED}\\n")
    except OSError:
        pass
"""
FILL = """
written = {}
for top, folders, _ in os.walk("/"):
    folders[:] = [f for f in folders if os.path.join(top, f) not in ("/proc", "/sys")]
    if not os.access(top, os.W_OK):
        continue
    made = []
    for number in range(MEBIBYTES):
        try:
            with open(os.path.join(top, f"fill{number}"), "xb", buffering=0) as file:
                made.append(file.name)
                written[top] = written.get(top, 0) + file.write(bytes(1024 ** 2))
        except OSError:
            break
    for path in made:
        os.unlink(path)
for top, size in written.items():
    print("WROTE", top, size)
"""
DEAF = """
import ctypes, signal, time
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
ctypes.CDLL(None).prctl(15, b"{name}")
time.sleep({seconds})
print("SLEPT")
"""
"""Bears a name once it ignores all signals."""


def disk_bomb(mebibytes: int) -> str:
    """Writes so much in every place that can be written, and tells how much of it was taken."""
    return f"MEBIBYTES = {mebibytes}\n{FILL}"


def forks(log: str) -> int:
    """How many forks a log tells of."""
    return log.count(FORKED)
