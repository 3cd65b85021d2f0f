"""Train words-python: python train.py DATA ARTIFACT

DATA is the folder with the public data, ARTIFACT the folder that holds `model.py`; `weights.npy` is
written beside it. Weights for hashed words and runs of 2 to 4 bytes; takes less than a minute on
one core.
"""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "training"))

from sketches import fit


def model_module() -> ModuleType:
    """The artifact's own model.py, so that what is trained is what will run."""
    path = Path(__file__).parent / "artifact" / "model.py"
    spec = importlib.util.spec_from_file_location("model", path)
    assert spec is not None
    assert spec.loader is not None
    sys.dont_write_bytecode = True  # a __pycache__ in there would be handed in with the model
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    np.save(Path(sys.argv[2]) / "weights.npy", fit(Path(sys.argv[1]), model_module().buckets))
