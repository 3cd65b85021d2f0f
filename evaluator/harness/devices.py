"""Whether the device that models are to be run on is there, before any model is."""

from evaluator.harness.protocol import CUDA


class DeviceMissing(Exception):
    """There is no such device here. It is no model's doing: none has been loaded yet."""


def require_device(device: str) -> None:
    """See that torch finds the device. Raises `DeviceMissing`.

    Nothing is made on a GPU, whose memory another model may be using while this process waits.
    """
    if device == CUDA:
        import torch

        if not torch.cuda.is_available():
            raise DeviceMissing(
                f"torch {torch.__version__} finds no GPU. It has to be a build for CUDA, and no "
                "newer than the driver of this machine knows."
            )
