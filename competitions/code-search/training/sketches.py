"""Learnt weights for hashed n-grams: features, fit, and export to ONNX.

A text's runs of 2 to 4 bytes, in lower case, are counted in hashed buckets. The logarithm of a
count times the bucket's weight is added to one of a vector's places, so that buckets share
places: a count sketch (Charikar, Chen, Farach-Colton 2002), in which the weights' signs are drawn
by chance. Weights begin as inverse document frequencies, and are then fitted so that a docstring
is nearer to its own function than to the others of a batch. With the weights left as they begin
it is tf-idf.
"""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper, parser
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

BUCKETS = 131_072
MODULUS = 131_071
"""The greatest prime that fits."""

PLACES = 4096
MOST_BYTES = 1024
BASE = 257
ORDERS = (2, 3, 4)
SEED = 0
EPOCHS = 4
BATCH = 128
LEARNING_RATE = 2e-2
SHARPNESS = 20.0
"""What similarities are multiplied by at first."""


class Features(NamedTuple):
    """The buckets of a text, int64 [k], and the logarithms of 1 + their counts, float32 [k]."""

    buckets: NDArray[np.int64]
    logs: NDArray[np.float32]


def counted(buckets: NDArray[np.int64]) -> Features:
    """The features of a text whose occurrences fall into `buckets`."""
    found, counts = np.unique(buckets, return_counts=True)
    return Features(found, np.log1p(counts).astype(np.float32))


def ngram_buckets(text: str) -> NDArray[np.int64]:
    """The bucket of each run of bytes. A space goes before the text."""
    signs = np.frombuffer(b" " + text.encode()[:MOST_BYTES], dtype=np.uint8).astype(np.int64)
    signs = np.where((signs >= ord("A")) & (signs <= ord("Z")), signs + 32, signs)
    found, runs = [], signs
    for order in range(2, max(ORDERS) + 1):
        runs = runs[:-1] * BASE + signs[order - 1 :]
        found.append(runs % MODULUS)
    return np.concatenate(found)


def sketched(features: list[Features], weights: Tensor) -> Tensor:
    """The vectors [n, PLACES] of texts, of length 1."""
    rows = np.repeat(np.arange(len(features)), [len(each.buckets) for each in features])
    buckets = torch.from_numpy(np.concatenate([each.buckets for each in features]))
    logs = torch.from_numpy(np.concatenate([each.logs for each in features]))
    places = torch.from_numpy(rows) * PLACES + buckets % PLACES
    flat = torch.zeros(len(features) * PLACES).index_add(0, places, weights[buckets] * logs)
    return normalize(flat.view(len(features), PLACES))


def fit(data: Path, bucketed: Callable[[str], NDArray[np.int64]]) -> NDArray[np.float32]:
    """The weight of each bucket, [BUCKETS]. `bucketed` tells the buckets of a text."""
    with (data / "train.csv").open(encoding="utf-8", newline="") as file:
        pairs = list(csv.DictReader(file))
    queries = [counted(bucketed(pair["query"])) for pair in pairs]
    codes = [counted(bucketed(pair["code"])) for pair in pairs]
    torch.manual_seed(SEED)
    torch.set_num_threads(1)  # sums come out the same however many cores there are
    random = np.random.default_rng(SEED)
    signs = torch.from_numpy(random.choice(np.array([-1, 1], dtype=np.float32), BUCKETS))
    scale = torch.from_numpy(np.log(inverse_frequencies(queries + codes))).requires_grad_()
    sharpness = torch.tensor(np.log(SHARPNESS), dtype=torch.float32).requires_grad_()
    optimizer = torch.optim.Adam([scale, sharpness], lr=LEARNING_RATE)
    for _ in range(EPOCHS):
        for chosen in np.array_split(random.permutation(len(pairs)), len(pairs) // BATCH):
            weights = signs * scale.exp()
            asked = sketched([queries[place] for place in chosen], weights)
            told = sketched([codes[place] for place in chosen], weights)
            similar = asked @ told.T * sharpness.exp()
            own = torch.arange(len(chosen))
            loss = cross_entropy(similar, own) + cross_entropy(similar.T, own)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    fitted: NDArray[np.float32] = (signs * scale.exp()).detach().numpy()
    return fitted


def inverse_frequencies(texts: list[Features]) -> NDArray[np.float32]:
    """1 + log of all texts to those with a bucket, [BUCKETS], as scikit-learn smooths it."""
    having = np.bincount(np.concatenate([each.buckets for each in texts]), minlength=BUCKETS)
    return (1 + np.log((1 + len(texts)) / (1 + having))).astype(np.float32)


def export(weights: NDArray[np.float32], artifact: Path) -> None:
    """Write `model.onnx`: bytes in, vectors out."""
    steps = []
    for order in ORDERS:
        before = "lower" if order == 2 else f"runs{order - 1}"
        steps += [
            f"head{order} = Slice({before}, place0, minus1, axis)",
            f"signs{order} = Slice(lower, place{order - 1}, far, axis)",
            f"shifted{order} = Mul(head{order}, base)",
            f"runs{order} = Add(shifted{order}, signs{order})",
            f"buckets{order} = Mod(runs{order}, modulus)",
            f"inside{order} = Greater(signs{order}, zero)",  # the padding is NUL
            f"ones{order} = Cast<to = 1>(inside{order})",
        ]
    body = "\n".join(steps)
    buckets = ", ".join(f"buckets{order}" for order in ORDERS)
    ones = ", ".join(f"ones{order}" for order in ORDERS)
    model = parser.parse_model(f"""
        <ir_version: 8, opset_import: ["": 18]>
        sketches (uint8[batch, {MOST_BYTES}] text) => (float[batch, {PLACES}] embeddings) {{
            bytes = Cast<to = 7>(text)
            first = Slice(bytes, place0, place1, axis)
            nothing = Mul(first, zero)
            space = Add(nothing, step)
            signs = Concat<axis = 1>(space, bytes)
            from_a = GreaterOrEqual(signs, letter_a)
            to_z = LessOrEqual(signs, letter_z)
            is_upper = And(from_a, to_z)
            upper = Cast<to = 7>(is_upper)
            lowering = Mul(upper, step)
            lower = Add(signs, lowering)
            {body}
            all_buckets = Concat<axis = 1>({buckets})
            all_ones = Concat<axis = 1>({ones})
            blank = Cast<to = 1>(nothing)
            empty = Expand(blank, width)
            counts = ScatterElements<axis = 1, reduction = "add">(empty, all_buckets, all_ones)
            more = Add(counts, one)
            logs = Log(more)
            weighted = Mul(logs, weights)
            folded = Reshape(weighted, folds)
            embeddings = ReduceSum<keepdims = 0>(folded, axis)
        }}""")
    arrays = {
        "weights": weights,
        "one": np.float32(1),
        "zero": np.array(0),
        "step": np.array(32),
        "letter_a": np.array(ord("A")),
        "letter_z": np.array(ord("Z")),
        "base": np.array(BASE),
        "modulus": np.array(MODULUS),
        "axis": np.array([1]),
        "minus1": np.array([-1]),
        "far": np.array([MOST_BYTES + 1]),
        "width": np.array([1, BUCKETS]),
        "folds": np.array([0, BUCKETS // PLACES, PLACES]),
        **{f"place{place}": np.array([place]) for place in range(max(ORDERS))},
    }
    model.graph.initializer.extend(
        numpy_helper.from_array(np.asarray(array), name) for name, array in arrays.items()
    )
    onnx.checker.check_model(model)
    artifact.mkdir(parents=True, exist_ok=True)
    onnx.save(model, artifact / "model.onnx")
