"""Train words-python: python train.py DATA ARTIFACT

DATA is the folder with the public data, ARTIFACT the folder that holds `model.py`; `weights.npz` is
written beside it. Vectors of 24 numbers for hashed words and runs of 1 to 4 bytes; takes half a
minute on one core.
"""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "training"))

from hashed_ngrams import Sizes, fit, read

WIDTH = 24
EPOCHS = 20


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


def main(data: Path, artifact: Path) -> None:
    """Train, and write the weights."""
    model = model_module()
    texts, labels, _ = read(data)
    features = [model.features(text.decode()) for text in texts]
    sizes = Sizes(rows=model.ROWS, width=WIDTH, orders=model.ORDERS)
    network = fit(features, labels, sizes, EPOCHS)
    np.savez(
        artifact / "weights.npz",
        table=network.table.weight.detach().numpy(),
        weight=network.output.weight.detach().numpy(),
        bias=network.output.bias.detach().numpy(),
    )


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
