"""Makes a run repeatable where the runtimes allow it."""

import random
import sys

import numpy as np


def set_seeds(seed: int) -> None:
    """Seed Python, NumPy, and of torch and ONNX Runtime what is already imported.

    ONNX Runtime takes its seed as a graph is loaded.
    """
    random.seed(seed)
    np.random.seed(seed % 2**32)
    if (torch := sys.modules.get("torch")) is not None:
        torch.manual_seed(seed)
        torch.backends.cudnn.deterministic = True
    if (onnxruntime := sys.modules.get("onnxruntime")) is not None:
        onnxruntime.set_seed(seed % 2**63)
