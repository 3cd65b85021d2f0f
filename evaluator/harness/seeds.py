"""Makes a run repeatable where the runtimes allow it."""

import random
import sys

import numpy as np


def set_seeds(seed: int) -> None:
    """Seed Python, NumPy, and torch if it is already imported."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(seed)
