"""A language identifier that averages vectors of hashed byte n-grams: features, fit and export.

The n-grams of 1 to 4 bytes of a text are numbers in base 257, and their remainder by the number of
buckets, a prime, is the row of a table. The mean of a text's rows goes through a linear layer. It
is the model of Joulin et al., *Bag of Tricks for Efficient Text Classification* (2016), on bytes.
"""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper, parser
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

MOST_BYTES = 256
BASE = 257
SEED = 0
BATCH = 128
LEARNING_RATE = 1e-2
KEPT = 0.7
"""Share of a text's n-grams that a training step sees: those that are left out differ each time."""

Features = NDArray[np.int64]
"""The rows of the table that belong to a text."""


@dataclass(frozen=True)
class Sizes:
    """Of a model: the table's `rows` (a prime) and `width`, and the orders of the n-grams."""

    rows: int
    width: int
    orders: tuple[int, ...]


def read(data: Path) -> tuple[list[bytes], NDArray[np.int64], list[str]]:
    """The training texts in UTF-8, their classes [n], and the classes' names in order."""
    with (data / "train_inputs.jsonl").open(encoding="utf-8") as file:
        texts = [json.loads(line)["text"].encode() for line in file]
    with (data / "train_labels.csv").open(newline="") as file:
        labels = [row["label"] for row in csv.DictReader(file)]
    names = sorted(set(labels))
    return texts, np.array([names.index(label) for label in labels]), names


def buckets(text: bytes, sizes: Sizes) -> Features:
    """The rows that belong to the n-grams of a text."""
    signs = np.frombuffer(text, dtype=np.uint8).astype(np.int64)
    found, runs = [], signs
    for order in sizes.orders:
        if order > 1:
            runs = runs[:-1] * BASE + signs[order - 1 :]
        found.append(runs % sizes.rows)
    return np.concatenate(found)


class Network(nn.Module):
    """`rows` vectors of `width` numbers, and a linear layer to the classes."""

    def __init__(self, rows: int, width: int, classes: int) -> None:
        super().__init__()
        self.table = nn.EmbeddingBag(rows, width, mode="mean")
        self.output = nn.Linear(width, classes)
        nn.init.normal_(self.table.weight, std=0.1)

    def forward(self, found: Tensor, starts: Tensor) -> Tensor:
        """Scores [n, classes] of texts whose buckets follow each other, from `starts` [n] on."""
        return self.output(self.table(found, starts))


def joined(lists: list[Features]) -> tuple[Tensor, Tensor]:
    """The features of several texts as one array, and where each text begins."""
    starts = np.cumsum([0, *map(len, lists[:-1])])
    return torch.from_numpy(np.concatenate(lists)), torch.from_numpy(starts)


def fit(features: list[Features], labels: NDArray[np.int64], sizes: Sizes, epochs: int) -> Network:
    """Train a network on the features of texts and their classes."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)  # sums come out the same however many cores there are
    random = np.random.default_rng(SEED)
    network = Network(sizes.rows, sizes.width, int(labels.max()) + 1)
    targets = torch.from_numpy(labels)
    optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
    steps = epochs * -(-len(features) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps)
    for _ in range(epochs):
        order = random.permutation(len(features))
        for start in range(0, len(features), BATCH):
            chosen = order[start : start + BATCH]
            # The first two stay: of a text without any n-gram there would be no mean.
            thinned = [
                each[(random.random(len(each)) < KEPT) | (np.arange(len(each)) < 2)]
                for each in (features[place] for place in chosen)
            ]
            loss = cross_entropy(network(*joined(thinned)), targets[chosen], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return network.eval()


def export(network: Network, sizes: Sizes, artifact: Path) -> None:
    """Write the network as `model.onnx`: bytes in, scores out."""
    classes = network.output.out_features
    steps = []
    for order in sizes.orders:
        steps.append(f"signs{order} = Slice(signs, place{order - 1}, end, axis)")
        if order > 1:
            steps.append(f"head{order} = Slice(runs{order - 1}, place0, minus1, axis)")
            steps.append(f"shifted{order} = Mul(head{order}, base)")
            steps.append(f"runs{order} = Add(shifted{order}, signs{order})")
        else:
            steps.append("runs1 = Identity(signs1)")
        # The padding is NUL, which is in no text.
        steps += [
            f"rows{order} = Mod(runs{order}, rows)",
            f"vectors{order} = Gather(table, rows{order})",
            f"inside{order} = Greater(signs{order}, zero)",
            f"weights{order} = Cast<to = 1>(inside{order})",
            f"lying{order} = Unsqueeze(weights{order}, axis)",
            f"sum{order} = MatMul(lying{order}, vectors{order})",
            f"count{order} = ReduceSum(lying{order}, last)",
        ]
    sums = ", ".join(f"sum{order}" for order in sizes.orders)
    counts = ", ".join(f"count{order}" for order in sizes.orders)
    body = "\n".join(steps)
    model = parser.parse_model(f"""
        <ir_version: 8, opset_import: ["": 17]>
        ngrams (uint8[batch, {MOST_BYTES}] text) => (float[batch, {classes}] logits) {{
            signs = Cast<to = 7>(text)
            {body}
            sum = Sum({sums})
            count = Sum({counts})
            lying = Div(sum, count)
            mean = Squeeze(lying, axis)
            logits = Gemm<transB = 1>(mean, weight, bias)
        }}""")
    arrays = {
        "table": network.table.weight.detach().numpy(),
        "weight": network.output.weight.detach().numpy(),
        "bias": network.output.bias.detach().numpy(),
        "base": np.array(BASE),
        "rows": np.array(sizes.rows),
        "zero": np.array(0),
        "axis": np.array([1]),
        "last": np.array([2]),
        "minus1": np.array([-1]),
        "end": np.array([MOST_BYTES]),
        **{f"place{order - 1}": np.array([order - 1]) for order in sizes.orders},
    }
    model.graph.initializer.extend(
        numpy_helper.from_array(array, name) for name, array in arrays.items()
    )
    onnx.checker.check_model(model)
    artifact.mkdir(parents=True, exist_ok=True)
    onnx.save(model, artifact / "model.onnx")


def train(data: Path, artifact: Path, sizes: Sizes, epochs: int) -> None:
    """Fit a model of n-grams to the public data in `data`, and write it into `artifact`."""
    texts, labels, _ = read(data)
    network = fit([buckets(text, sizes) for text in texts], labels, sizes, epochs)
    export(network, sizes, artifact)
