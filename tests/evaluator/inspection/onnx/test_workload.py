"""FLOPs of an example in ONNX models, against PyTorch's counter and arithmetic done by hand."""

import warnings
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch.utils.flop_counter import FlopCounterMode

from evaluator.inspection import Workload, folder_files, inspect_artifact
from tests.evaluator.inspection.artifacts import onnx_verdict

EXAMPLES = 2


def exported(module: torch.nn.Module, example: torch.Tensor, folder: Path) -> Workload | None:
    """What inspection sees in what PyTorch exports, which declares the shape of every value."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns about itself
        torch.onnx.export(
            module.eval(), (example,), folder / "model.onnx", verbose=False, dynamo=True
        )
    return inspect_artifact(folder_files(folder), format="onnx").workload


def counted(module: torch.nn.Module, example: torch.Tensor) -> int:
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        module.eval()(example)
    return int(counter.get_total_flops()) // EXAMPLES


class Convolutional(torch.nn.Module):
    """Convolutions with groups and strides, normalisation, pooling, and a head."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.Conv2d(4, 8, 3, padding=1, groups=2),
            torch.nn.BatchNorm2d(8),
            torch.nn.ReLU(),
            torch.nn.Conv2d(8, 8, 3, stride=2),
            torch.nn.MaxPool2d(2),
            torch.nn.Flatten(),
            torch.nn.Linear(8, 10),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.layers(x)
        return result


def test_a_convolutional_network(tmp_path: Path) -> None:
    module, example = Convolutional(), torch.zeros(EXAMPLES, 4, 6, 6)
    workload = exported(module, example, tmp_path)
    assert workload is not None
    assert workload.unit == "example"
    assert workload.flops == counted(module, example)


def test_a_layer_that_is_used_at_each_place_of_a_sequence(tmp_path: Path) -> None:
    module = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.GELU(), torch.nn.Linear(16, 4))
    example = torch.zeros(EXAMPLES, 5, 8)
    workload = exported(module, example, tmp_path)
    assert workload is not None
    assert workload.flops == counted(module, example) == 5 * 2 * (8 * 16 + 16 * 4)


def weight(name: str, *shape: int) -> onnx.TensorProto:
    return numpy_helper.from_array(np.zeros(shape, np.float32), name)


def workload_of(
    nodes: list[onnx.NodeProto],
    weights: list[onnx.TensorProto],
    *,
    output: list[int | str] | None = None,
) -> Workload | None:
    """The workload of a graph from `x` to `y`, whose shapes are declared as given."""
    ends = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, ["examples", 8]),
        helper.make_tensor_value_info("y", TensorProto.FLOAT, output or ["examples", 3]),
    ]
    graph = helper.make_graph(nodes, "graph", ends[:1], ends[1:], weights)
    verdict = onnx_verdict(helper.make_model(graph))
    assert verdict.accepted
    return verdict.workload


def test_products_of_matrices_by_hand() -> None:
    nodes = [
        helper.make_node("Gemm", ["x", "a", "bias"], ["hidden"]),
        helper.make_node("Relu", ["hidden"], ["active"]),
        helper.make_node("MatMul", ["active", "b"], ["y"]),
    ]
    workload = workload_of(nodes, [weight("a", 8, 16), weight("bias", 16), weight("b", 16, 3)])
    assert workload == Workload(
        unit="example", active_parameters=8 * 16 + 16 + 16 * 3, flops=2 * (8 * 16 + 16 * 3)
    )


def test_a_weight_stays_one_when_it_is_turned() -> None:
    nodes = [
        helper.make_node("Transpose", ["a"], ["turned"]),
        helper.make_node("MatMul", ["x", "turned"], ["y"]),
    ]
    workload = workload_of(nodes, [weight("a", 3, 8)])
    assert workload is not None
    assert workload.flops == 2 * 3 * 8


def test_a_product_of_activations_is_left_out() -> None:
    workload = workload_of([helper.make_node("MatMul", ["x", "x"], ["y"])], [weight("a", 8, 3)])
    assert workload is not None
    assert workload.flops == 0


MATMUL = helper.make_node("MatMul", ["x", "a"], ["y"])


@pytest.mark.parametrize(
    ("nodes", "output"),
    [
        ([MATMUL], ["examples", "places", 3]),
        ([MATMUL], ["examples", 0, 3]),
        ([helper.make_node("Conv", ["x", "a"], ["elsewhere"])], None),
        ([helper.make_node("LSTM", ["x", "a", "a"], ["y"])], None),
        ([helper.make_node("Einsum", ["x", "a"], ["y"], equation="ij,jk->ik")], None),
        ([helper.make_node("Scaler", ["x"], ["y"], domain="ai.onnx.ml")], None),
        ([helper.make_node("Mul", ["a", "a"], ["b"]), MATMUL], None),
        ([helper.make_node("MatMul", ["a", "x"], ["y"])], None),
        ([helper.make_node("Gemm", ["x"], ["y"])], None),
    ],
    ids=[
        "dimension without a number", "dimension of nothing", "shape not declared", "recurrence",
        "sums over indices", "classical operator", "computed weight", "weight on the left",
        "missing weight",
    ],
)  # fmt: skip
def test_what_the_graph_does_not_tell_is_not_guessed(
    nodes: list[onnx.NodeProto], output: list[int | str] | None
) -> None:
    assert workload_of(nodes, [weight("a", 8, 3)], output=output) is None


def test_a_graph_with_functions_is_not_guessed() -> None:
    function = helper.make_function("local", "Double", ["x"], ["y"], [], [])
    graph = helper.make_graph([MATMUL], "graph", [], [], [weight("a", 8, 3)])
    assert onnx_verdict(helper.make_model(graph, functions=[function])).workload is None


def test_a_graph_of_more_names_than_can_be_kept_is_not_guessed() -> None:
    nodes = [helper.make_node("Relu", ["x" * 4000], [f"{i}" * 500]) for i in range(1000)]
    graph = helper.make_graph(nodes, "graph", [], [], [weight("a", 8, 3)])
    assert onnx_verdict(helper.make_model(graph)).workload is None


def test_a_malformed_declaration_is_no_reason_to_refuse() -> None:
    """Types are not read to count; what is wrong with them only hides what an example costs."""
    graph = helper.make_graph([MATMUL], "graph", [], [], [weight("a", 8, 3)])
    model = helper.make_model(graph)
    declared = model.graph.value_info.add()
    declared.name = "y"
    declared.type.tensor_type.shape.dim.add().dim_value = -1
    verdict = onnx_verdict(model)
    assert verdict.accepted
    assert verdict.workload is None
