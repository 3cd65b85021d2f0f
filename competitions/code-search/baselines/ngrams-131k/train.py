"""Train ngrams-131k: python train.py DATA ARTIFACT

DATA is the folder with the public data, ARTIFACT the folder to write `model.onnx` into. Weights for
hashed runs of 2 to 4 bytes; takes less than a minute on one core.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "training"))

from sketches import export, fit, ngram_buckets

if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    export(fit(Path(sys.argv[1]), ngram_buckets), Path(sys.argv[2]))
