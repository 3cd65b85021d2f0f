"""Train conv-python: python train.py DATA ARTIFACT

DATA is the folder with the public data, ARTIFACT the folder that holds `model.py`;
`model.safetensors` is written beside it. Takes less than a minute on two cores.
"""

import csv
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

SEED = 0
EPOCHS = 50
BATCH = 64
LEARNING_RATE = 1e-2
WEIGHT_DECAY = 1e-2
SHIFT = 0.75  # pixels
NOISE = 0.1


def read(data: Path) -> tuple[Tensor, Tensor]:
    """The training images [n, 8, 8] and their classes [n]."""
    images = torch.from_numpy(np.load(data / "train_inputs.npy"))
    with (data / "train_labels.csv").open(newline="") as file:
        labels = torch.tensor([int(row["label"]) for row in csv.DictReader(file)])
    return images, labels


def jitter(images: Tensor) -> Tensor:
    """Move each image by up to `SHIFT` pixels in both directions, and add noise."""
    count = len(images)
    shift = torch.zeros(count, 2, 3)
    shift[:, 0, 0] = shift[:, 1, 1] = 1
    # affine_grid measures in halves of the image's side.
    shift[:, :, 2] = SHIFT * (2 * torch.rand(count, 2) - 1) * 2 / images.shape[-1]
    grid = nn.functional.affine_grid(shift, [count, 1, 8, 8], align_corners=False)
    moved = nn.functional.grid_sample(images.unsqueeze(1), grid, align_corners=False).squeeze(1)
    return moved + NOISE * torch.randn_like(moved)


def train(network: nn.Module, images: Tensor, labels: Tensor) -> None:
    """Fit the network in place."""
    optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    steps = EPOCHS * -(-len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(images)).split(BATCH):
            scores = network(jitter(images[batch]))
            loss = nn.functional.cross_entropy(scores, labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()


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
    torch.manual_seed(SEED)
    torch.set_num_threads(1)  # sums come out the same however many cores there are
    network: nn.Module = model_module().Network()
    train(network, *read(data))
    artifact.mkdir(parents=True, exist_ok=True)
    save_file(network.state_dict(), artifact / "model.safetensors")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
