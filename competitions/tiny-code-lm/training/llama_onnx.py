"""Writes a Llama over bytes as ONNX: bytes [batch, context] in, scores of the byte after each out.

The graph is written by hand, so that it holds the model's own numbers and a handful of others: what
an exporter unrolls into tables would count as parameters.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper, parser
from torch import Tensor
from transformers import LlamaForCausalLM

LAYER = """
    {norm_before}
    query{i} = MatMul(normed_before{i}, q{i})
    key{i} = MatMul(normed_before{i}, k{i})
    value{i} = MatMul(normed_before{i}, v{i})
    {query_heads}
    {key_heads}
    values{i} = Reshape(value{i}, heads_shape)
    value_heads{i} = Transpose<perm = [0, 2, 1, 3]>(values{i})
    {query_turned}
    {key_turned}
    keys_across{i} = Transpose<perm = [0, 1, 3, 2]>(key_turned{i})
    products{i} = MatMul(query_turned{i}, keys_across{i})
    scaled{i} = Mul(products{i}, scale)
    masked{i} = Where(visible, scaled{i}, never)
    attention{i} = Softmax<axis = -1>(masked{i})
    mixed{i} = MatMul(attention{i}, value_heads{i})
    mixed_across{i} = Transpose<perm = [0, 2, 1, 3]>(mixed{i})
    joined{i} = Reshape(mixed_across{i}, joined_shape)
    answer{i} = MatMul(joined{i}, o{i})
    between{i} = Add(hidden{i}, answer{i})
    {norm_after}
    gate{i} = MatMul(normed_after{i}, gate_weight{i})
    gate_open{i} = Sigmoid(gate{i})
    gated{i} = Mul(gate{i}, gate_open{i})
    up{i} = MatMul(normed_after{i}, up_weight{i})
    product{i} = Mul(gated{i}, up{i})
    down{i} = MatMul(product{i}, down_weight{i})
    hidden{next} = Add(between{i}, down{i})
"""
NORM = """
    {out}_squares = Mul({x}, {x})
    {out}_mean = ReduceMean<axes = [-1]>({out}_squares)
    {out}_mean_safe = Add({out}_mean, epsilon)
    {out}_root = Sqrt({out}_mean_safe)
    {out}_unit = Div({x}, {out}_root)
    {out} = Mul({out}_unit, {weight})
"""
HEADS = """
    {x}s{i} = Reshape({x}{i}, heads_shape)
    {x}_heads{i} = Transpose<perm = [0, 2, 1, 3]>({x}s{i})
"""
TURNED = """
    {x}_left{i}, {x}_right{i} = Split<axis = -1>({x}_heads{i})
    {x}_left_cos{i} = Mul({x}_left{i}, cosines)
    {x}_right_sin{i} = Mul({x}_right{i}, sines)
    {x}_right_cos{i} = Mul({x}_right{i}, cosines)
    {x}_left_sin{i} = Mul({x}_left{i}, sines)
    {x}_turned_left{i} = Sub({x}_left_cos{i}, {x}_right_sin{i})
    {x}_turned_right{i} = Add({x}_right_cos{i}, {x}_left_sin{i})
    {x}_turned{i} = Concat<axis = -1>({x}_turned_left{i}, {x}_turned_right{i})
"""
MODEL = """
<ir_version: 8, opset_import: ["": 17]>
llama (int64[batch, {context}] bytes) => (float[batch, {context}, 256] logits) {{
    hidden0 = Gather(embedding, bytes)
    places = Range(zero, length, one)
    places_down = Unsqueeze(places, last_axis)
    angles = Mul(places_down, frequencies)
    cosines = Cos(angles)
    sines = Sin(angles)
    visible = LessOrEqual(places, places_down)
    {layers}
    {norm}
    embedding_across = Transpose<perm = [1, 0]>(embedding)
    logits = MatMul(normed, embedding_across)
}}
"""


def layer(i: int) -> str:
    """The nodes of layer `i`, from `hidden{i}` to the next."""
    return LAYER.format(
        i=i,
        next=i + 1,
        norm_before=NORM.format(x=f"hidden{i}", out=f"normed_before{i}", weight=f"before{i}"),
        norm_after=NORM.format(x=f"between{i}", out=f"normed_after{i}", weight=f"after{i}"),
        query_heads=HEADS.format(x="query", i=i),
        key_heads=HEADS.format(x="key", i=i),
        query_turned=TURNED.format(x="query", i=i),
        key_turned=TURNED.format(x="key", i=i),
    )


def numbers(model: LlamaForCausalLM) -> dict[str, np.ndarray]:
    """The initialisers by the names that the graph gives them."""
    config = model.config
    size = config.hidden_size // config.num_attention_heads
    theta = config.rope_parameters["rope_theta"]
    found = {
        "zero": np.float32(0),
        "one": np.float32(1),
        "length": np.float32(config.max_position_embeddings),
        "frequencies": (theta ** -(np.arange(0, size, 2) / size)).astype(np.float32),
        "scale": np.float32(size**-0.5),
        "never": np.float32(-1e9),
        "epsilon": np.float32(config.rms_norm_eps),
        "last_axis": np.array([1]),
        "heads_shape": np.array([0, 0, config.num_attention_heads, size]),
        "joined_shape": np.array([0, 0, config.hidden_size]),
        "embedding": model.model.embed_tokens.weight,
        "end": model.model.norm.weight,
    }
    for i, block in enumerate(model.model.layers):
        attention, mlp = block.self_attn, block.mlp
        found |= {
            f"before{i}": block.input_layernorm.weight,
            f"after{i}": block.post_attention_layernorm.weight,
            f"q{i}": attention.q_proj.weight.T,
            f"k{i}": attention.k_proj.weight.T,
            f"v{i}": attention.v_proj.weight.T,
            f"o{i}": attention.o_proj.weight.T,
            f"gate_weight{i}": mlp.gate_proj.weight.T,
            f"up_weight{i}": mlp.up_proj.weight.T,
            f"down_weight{i}": mlp.down_proj.weight.T,
        }
    return {
        name: np.array(value.detach().numpy() if isinstance(value, Tensor) else value, order="C")
        for name, value in found.items()
    }


def export(model: LlamaForCausalLM, artifact: Path) -> None:
    """Write `model.onnx` into the folder `artifact`."""
    layers = len(model.model.layers)
    graph = parser.parse_model(
        MODEL.format(
            context=model.config.max_position_embeddings,
            layers="".join(map(layer, range(layers))),
            norm=NORM.format(x=f"hidden{layers}", out="normed", weight="end"),
        )
    )
    graph.graph.initializer.extend(
        numpy_helper.from_array(value, name) for name, value in numbers(model).items()
    )
    onnx.checker.check_model(graph)
    artifact.mkdir(parents=True, exist_ok=True)
    onnx.save(graph, artifact / "model.onnx")
