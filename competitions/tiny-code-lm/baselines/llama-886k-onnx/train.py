"""Train llama-886k-onnx: python train.py DATA ARTIFACT

DATA is the folder with the public data, ARTIFACT the folder to write `model.onnx` into. Takes some
six minutes on two cores.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "training"))

from llama import LARGE, LARGE_STAGES, fit
from llama_onnx import export

if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    export(fit(Path(sys.argv[1]), LARGE, LARGE_STAGES), Path(sys.argv[2]))
