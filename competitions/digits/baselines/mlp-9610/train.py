"""Train mlp-9610: python train.py DATA ARTIFACT

DATA is the folder with the public data, ARTIFACT the folder to write `model.onnx` into. One
hidden layer of 128, trained on jittered images; takes less than a minute on two cores.
"""

import csv
import sys
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

SEED = 0
HIDDEN = 128
EPOCHS = 200
BATCH = 64
LEARNING_RATE = 5e-3
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


def train(images: Tensor, labels: Tensor) -> nn.Sequential:
    """The fitted network."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)  # sums come out the same however many cores there are
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 10))
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    steps = EPOCHS * -(-len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(images)).split(BATCH):
            scores = model(jitter(images[batch]))
            loss = nn.functional.cross_entropy(scores, labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return model


def as_onnx(model: nn.Sequential) -> onnx.ModelProto:
    """The network as a graph that holds its 9,610 parameters and no other number."""

    def array(tensor: Tensor, name: str) -> onnx.TensorProto:
        return numpy_helper.from_array(np.ascontiguousarray(tensor.detach().numpy()), name)

    first, second = model[1], model[3]
    graph = helper.make_graph(
        [
            helper.make_node("Flatten", ["images"], ["pixels"]),
            helper.make_node("Gemm", ["pixels", "weight_1", "bias_1"], ["hidden"]),
            helper.make_node("Relu", ["hidden"], ["active"]),
            helper.make_node("Gemm", ["active", "weight_2", "bias_2"], ["scores"]),
        ],
        "mlp",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 8, 8])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", 10])],
        [
            array(first.weight.T, "weight_1"),
            array(first.bias, "bias_1"),
            array(second.weight.T, "weight_2"),
            array(second.bias, "bias_2"),
        ],
    )
    return helper.make_model(
        graph, producer_name="", ir_version=8, opset_imports=[helper.make_opsetid("", 17)]
    )


def main(data: Path, artifact: Path) -> None:
    """Train, and write the model."""
    model = as_onnx(train(*read(data)))
    onnx.checker.check_model(model)
    artifact.mkdir(parents=True, exist_ok=True)
    onnx.save(model, artifact / "model.onnx")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
