"""Train trigrams-32k: python train.py DATA ARTIFACT

DATA is the folder with the public data, ARTIFACT the folder to write `model.onnx` into. Vectors of
16 numbers for hashed runs of 1 to 3 bytes; takes about a minute on one core.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "training"))

from hashed_ngrams import Sizes, train

SIZES = Sizes(rows=1901, width=16, orders=(1, 2, 3))
EPOCHS = 60

if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    train(Path(sys.argv[1]), Path(sys.argv[2]), SIZES, EPOCHS)
