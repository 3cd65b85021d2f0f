"""Run a command until the process with the given id ends: python outlived_by.py PID COMMAND…

The private Docker engine is started by whichever test worker needs it first, and must stay until
the whole run is over, however that ends.
"""

import os
import select
import signal
import subprocess
import sys


def main() -> None:
    """Start the command, wait for the other process's end, then stop the command."""
    other = os.pidfd_open(int(sys.argv[1]))
    command = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL)
    own = os.pidfd_open(command.pid)
    signal.signal(signal.SIGTERM, lambda *_: command.terminate())
    poll = select.poll()
    poll.register(other, select.POLLIN)
    poll.register(own, select.POLLIN)
    poll.poll()
    command.terminate()
    sys.exit(command.wait())


if __name__ == "__main__":
    main()
