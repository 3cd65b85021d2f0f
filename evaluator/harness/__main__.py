"""Starts the harness: `python -m evaluator.harness --format onnx [--warm | --serve]`."""

import argparse
import os
import sys

from evaluator.harness.channels import take_channels
from evaluator.harness.devices import require_device
from evaluator.harness.fork_server import ForkServer
from evaluator.harness.protocol import CPU, CUDA
from evaluator.harness.runners import RUNNERS, ForkingRunner, runner_for
from evaluator.harness.service import Service
from evaluator.harness.system_calls import deny_needless_calls


def main() -> int:
    """Serve one model, or many. The exit status is 0, or 1 after a failure that was reported."""
    parser = argparse.ArgumentParser(prog="evaluator.harness")
    parser.add_argument("--format", required=True, choices=sorted(RUNNERS))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default=CPU, choices=(CPU, CUDA))
    warmth = parser.add_mutually_exclusive_group()
    warmth.add_argument("--warm", action="store_true", help="import the runtime before READY")
    warmth.add_argument(
        "--serve", action="store_true", help="as --warm, and fork a child for each submission"
    )
    parser.add_argument(
        "--filter-system-calls", action="store_true", help="deny those that no model needs"
    )
    options = parser.parse_args()
    if options.serve and options.device != CPU:
        parser.error("a fork opens no file to write, and so no GPU: models on one are run alone")
    if options.filter_system_calls:
        deny_needless_calls()
    channels = take_channels()
    runner = runner_for(options.format, threads=options.threads)
    if options.warm or options.serve:
        runner.warm_up()
    require_device(options.device)
    if options.serve:
        if not isinstance(runner, ForkingRunner):
            parser.error(f"models of the format {options.format} bring code: no forks for them")
        return ForkServer(channels, runner).serve()
    channels.say_ready()
    return Service(channels, runner, device=options.device).serve()


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Leave without finalisers: a model's own threads could hold up the end of the interpreter.
    os._exit(status)
