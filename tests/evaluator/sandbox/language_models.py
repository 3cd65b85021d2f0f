"""Models of bytes as participants write them, and files of documents for them."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from evaluator.contract import TaskSpec

TASK = TaskSpec(type="language-modelling", settings={"documents_in_step": 64})
MODEL = """
import os, socket, sys, threading, time
import numpy as np

class Model:
    def __init__(self):
        self.steps = 0

    def start(self, documents):
        scores = np.full((documents, 256), -np.log(256), dtype=np.float32)
{start}
        return scores

    def step(self, previous):
        self.steps += 1
        scores = np.full((len(previous), 256), -np.log(256), dtype=np.float32)
{step}
        return scores

def load(folder, device):
    return Model()
"""
BIGRAMS = """
import numpy as np

class Model:
    def __init__(self, first, following):
        self.first, self.following = first, following

    def start(self, documents):
        return np.repeat(self.first[None], documents, axis=0)

    def step(self, previous):
        return self.following[previous]

def load(folder, device):
    return Model(np.load(folder / "first.npy"), np.load(folder / "following.npy"))
"""


def write_documents(path: Path, documents: Sequence[str]) -> Path:
    """A file of inputs."""
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in documents))
    return path


def write_model(folder: Path, *, start: str = "pass", step: str = "pass") -> Path:
    """A model that expects all bytes alike, and runs the source given in between.

    There `scores` is what it will answer, and `self.steps` counts the steps of its life.
    """
    folder.mkdir(parents=True)
    body = {"start": _indented(start), "step": _indented(step)}
    (folder / "model.py").write_text(MODEL.format(**body))
    return folder


def write_bigrams(folder: Path, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A random model of each byte by the one before; its log-probabilities [256], [256, 256]."""
    folder.mkdir(parents=True)
    generator = np.random.default_rng(seed)
    probabilities = generator.dirichlet(np.full(256, 0.5), size=257) * 0.99 + 0.01 / 256
    logs = np.log(probabilities).astype(np.float32)
    np.save(folder / "first.npy", logs[0])
    np.save(folder / "following.npy", logs[1:])
    (folder / "model.py").write_text(BIGRAMS)
    return logs[0], logs[1:]


def _indented(source: str) -> str:
    return "\n".join(" " * 8 + line for line in source.strip().splitlines())
