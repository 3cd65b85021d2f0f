"""Train ngrams-250k: python train.py DATA ARTIFACT

DATA is the folder with the public data, ARTIFACT the folder to write `model.onnx` into. Vectors of
32 numbers for hashed runs of 1 to 4 bytes; takes half a minute on one core.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "training"))

from hashed_ngrams import Sizes, train

SIZES = Sizes(rows=7703, width=32, orders=(1, 2, 3, 4))
EPOCHS = 20

if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    train(Path(sys.argv[1]), Path(sys.argv[2]), SIZES, EPOCHS)
