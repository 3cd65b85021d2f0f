"""Train softmax-650: python train.py DATA ARTIFACT

DATA is the folder with the public data, ARTIFACT the folder to write `model.onnx` into. A linear
layer from 64 pixels to 10 classes, fitted by multinomial logistic regression; takes a second.
"""

import csv
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from sklearn.linear_model import LogisticRegression

C = 3  # the best of 0.1, 0.3, 1, 3 and 10 in five-fold cross-validation on the training data


def main(data: Path, artifact: Path) -> None:
    """Fit, and write the model."""
    inputs = np.load(data / "train_inputs.npy")
    with (data / "train_labels.csv").open(newline="") as file:
        labels = np.array([int(row["label"]) for row in csv.DictReader(file)])
    classifier = LogisticRegression(C=C, max_iter=2000)
    classifier.fit(inputs.reshape(len(inputs), -1).astype(np.float64), labels)
    # Gemm computes inputs @ weight + bias and Flatten keeps the first axis: neither needs a
    # number besides the 640 + 10 of the model.
    graph = helper.make_graph(
        [
            helper.make_node("Flatten", ["images"], ["pixels"]),
            helper.make_node("Gemm", ["pixels", "weight", "bias"], ["scores"]),
        ],
        "softmax",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 8, 8])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", 10])],
        [
            numpy_helper.from_array(classifier.coef_.T.astype(np.float32), "weight"),
            numpy_helper.from_array(classifier.intercept_.astype(np.float32), "bias"),
        ],
    )
    model = helper.make_model(
        graph, producer_name="", ir_version=8, opset_imports=[helper.make_opsetid("", 17)]
    )
    onnx.checker.check_model(model)
    artifact.mkdir(parents=True, exist_ok=True)
    onnx.save(model, artifact / "model.onnx")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
