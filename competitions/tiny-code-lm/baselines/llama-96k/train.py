"""Train llama-96k: python train.py DATA ARTIFACT

DATA is the folder with the public data, ARTIFACT the folder to write the checkpoint into. Takes
some two minutes on two cores.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "training"))

from llama import SMALL, SMALL_STAGES, fit, save

if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    save(fit(Path(sys.argv[1]), SMALL, SMALL_STAGES), Path(sys.argv[2]))
