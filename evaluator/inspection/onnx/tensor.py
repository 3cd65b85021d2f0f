"""Reads one TensorProto: what it declares, and whether the data that it stores agrees.

A tensor's data lies in `raw_data`, in the list for its type, or outside of the model. Exactly one
of these may hold data, and exactly as much as type and dims need. Raw and external data is never
read. Strings can be cast to numbers by the model, so they count like integers: their bits / 4.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from evaluator.inspection import limits
from evaluator.inspection.elements import (
    ElementType,
    Family,
    data_bytes,
    element_count,
    parameters_in_bits,
    parameters_of,
)
from evaluator.inspection.ledger import Ledger
from evaluator.inspection.onnx.external import ExternalData
from evaluator.inspection.onnx.numbers import NumberList
from evaluator.inspection.onnx.protobuf_wire import Wire, WireField, WireReader
from evaluator.inspection.onnx.schema import KEY_VALUE, SPARSE_TENSOR, TENSOR, message_fields
from evaluator.inspection.refusals import RefusalCode, Refused, shown

_INT = Family.INTEGER
_FLOAT = Family.FLOAT

_STRING = 8
# By TensorProto.DataType: the type, the list that holds it when it is not raw, and how many
# elements one entry of that list holds.
_TYPES = {
    1: (ElementType("FLOAT", _FLOAT, 32), "float_data", 1),
    2: (ElementType("UINT8", _INT, 8), "int32_data", 1),
    3: (ElementType("INT8", _INT, 8), "int32_data", 1),
    4: (ElementType("UINT16", _INT, 16), "int32_data", 1),
    5: (ElementType("INT16", _INT, 16), "int32_data", 1),
    6: (ElementType("INT32", _INT, 32), "int32_data", 1),
    7: (ElementType("INT64", _INT, 64), "int64_data", 1),
    9: (ElementType("BOOL", _INT, 8), "int32_data", 1),
    10: (ElementType("FLOAT16", _FLOAT, 16), "int32_data", 1),
    11: (ElementType("DOUBLE", Family.REFUSED, 64), "double_data", 1),
    12: (ElementType("UINT32", _INT, 32), "uint64_data", 1),
    13: (ElementType("UINT64", _INT, 64), "uint64_data", 1),
    14: (ElementType("COMPLEX64", Family.REFUSED, 64), "float_data", 1),
    15: (ElementType("COMPLEX128", Family.REFUSED, 128), "double_data", 1),
    16: (ElementType("BFLOAT16", _FLOAT, 16), "int32_data", 1),
    17: (ElementType("FLOAT8E4M3FN", _FLOAT, 8), "int32_data", 1),
    18: (ElementType("FLOAT8E4M3FNUZ", _FLOAT, 8), "int32_data", 1),
    19: (ElementType("FLOAT8E5M2", _FLOAT, 8), "int32_data", 1),
    20: (ElementType("FLOAT8E5M2FNUZ", _FLOAT, 8), "int32_data", 1),
    21: (ElementType("UINT4", _INT, 4), "int32_data", 2),
    22: (ElementType("INT4", _INT, 4), "int32_data", 2),
    23: (ElementType("FLOAT4E2M1", _FLOAT, 4), "int32_data", 2),
    24: (ElementType("FLOAT8E8M0", _FLOAT, 8), "int32_data", 1),
    25: (ElementType("UINT2", _INT, 2), "int32_data", 4),
    26: (ElementType("INT2", _INT, 2), "int32_data", 4),
    27: (ElementType("FLOAT6E2M3", _FLOAT, 6), "int32_data", 1),
    28: (ElementType("FLOAT6E3M2", _FLOAT, 6), "int32_data", 1),
}
_LISTS = frozenset(
    {"float_data", "int32_data", "string_data", "int64_data", "double_data", "uint64_data"}
)
_DEFAULT_LOCATION, _EXTERNAL_LOCATION = 0, 1


@dataclass
class _Declared:
    """What a TensorProto says, before it is checked."""

    name: str = ""
    data_type: int = 0
    dims: list[int] = field(default_factory=list)
    raw_size: int | None = None
    lists: dict[str, NumberList] = field(default_factory=lambda: defaultdict(NumberList))
    location: int = _DEFAULT_LOCATION
    external: list[tuple[str, str]] = field(default_factory=list)


class TensorReader:
    """Counts the tensors of one model."""

    def __init__(self, wire: WireReader, external: ExternalData, ledger: Ledger) -> None:
        self._wire = wire
        self._external = external
        self._ledger = ledger
        self.stored_bytes = 0
        """Bytes of the model's file that are data of tensors."""

    def count(self, message: WireField, *, role: str) -> None:
        """Counts the tensor in `message`; `role` names it where it has no name of its own."""
        tensor = self._declared(message)
        tensor.name = tensor.name or role
        if tensor.data_type == _STRING:
            self._count_strings(tensor)
            return
        element, list_name, per_entry = self._type(tensor)
        elements = self._elements(tensor.name, tensor.dims)
        parameters = parameters_of(element, elements)
        if tensor.location == _EXTERNAL_LOCATION:
            self._refuse_lists(tensor, allowed=None)
            if tensor.raw_size is not None:
                raise self._mismatch(tensor, "has data in the model and outside of it")
            size = data_bytes(element, elements)
            path, is_new = self._external.take(tensor.name, element.name, size, tensor.external)
            if is_new:
                self._add(tensor, element.name, parameters, size, path)
            return
        if tensor.external or tensor.location != _DEFAULT_LOCATION:
            raise self._mismatch(tensor, "names a place outside of the model without lying there")
        if tensor.raw_size is not None:
            self._refuse_lists(tensor, allowed=None)
            size, expected = tensor.raw_size, data_bytes(element, elements)
            if size != expected:
                raise self._mismatch(tensor, f"has {size} bytes for {expected}")
        else:
            self._refuse_lists(tensor, allowed=list_name)
            found, expected = tensor.lists[list_name], -(-elements // per_entry)
            if found.count != expected:
                raise self._mismatch(tensor, f"has {found.count} entries for {expected}")
            size = found.size
        self._add_stored(tensor, element.name, parameters, size)

    def count_sparse(self, message: WireField, *, role: str) -> None:
        """Counts the values and the indices of the sparse tensor in `message`."""
        dims: list[int] = []
        for name, found in message_fields(self._wire, SPARSE_TENSOR, message.start, message.end):
            if name == "dims":
                self._add_dims(dims, found)
            else:
                self.count(found, role=f"{role} {name}")
        self._elements(role, dims)

    def _declared(self, message: WireField) -> _Declared:
        tensor = _Declared()
        for name, found in message_fields(self._wire, TENSOR, message.start, message.end):
            match name:
                case "name":
                    tensor.name = self._wire.text(found)
                case "data_type":
                    tensor.data_type = self._wire.signed(found)
                case "data_location":
                    tensor.location = self._wire.signed(found)
                case "dims":
                    self._add_dims(tensor.dims, found)
                case "raw_data":
                    tensor.raw_size = found.size
                case "external_data":
                    if len(tensor.external) == limits.ONNX_MAX_EXTERNAL_ENTRIES:
                        raise self._wire.malformed("describes the place of a tensor at length")
                    tensor.external.append(self._key_value(found))
                case _ if name in _LISTS:
                    tensor.lists[name].add(self._wire, name, found)
        return tensor

    def _add_dims(self, dims: list[int], found: WireField) -> None:
        if found.wire is Wire.BYTES:
            if found.end - found.start > 10 * limits.MAX_RANK:
                raise self._wire.malformed("has a tensor with too many dimensions")
            dims.extend(self._wire.packed_varints(found.start, found.end))
        else:
            dims.append(self._wire.varint(found.start, found.end)[0])
        if len(dims) > limits.MAX_RANK:
            raise self._wire.malformed("has a tensor with too many dimensions")

    def _key_value(self, message: WireField) -> tuple[str, str]:
        texts = {
            name: self._wire.text(found)
            for name, found in message_fields(self._wire, KEY_VALUE, message.start, message.end)
        }
        return texts.get("key", ""), texts.get("value", "")

    def _type(self, tensor: _Declared) -> tuple[ElementType, str, int]:
        known = _TYPES.get(tensor.data_type)
        if known is None:
            raise self._wire.malformed(
                f"gives “{shown(tensor.name)}” the unknown type {tensor.data_type}"
            )
        if known[0].family is Family.REFUSED:
            what = f"The tensor “{shown(tensor.name)}” has the type {known[0].name}."
            raise Refused(RefusalCode.DTYPE_NOT_ALLOWED, self._wire.path, what)
        return known

    def _elements(self, name: str, dims: list[int]) -> int:
        """The elements of a tensor.

        None at all is honest in a list, for exporters write empty lists of axes. The other dims of
        a tensor without elements would be numbers that cost nothing, and that the graph can read.
        """
        elements = element_count(dims)
        if elements is None:
            raise self._wire.malformed(f"gives “{shown(name)}” dims that no tensor has")
        if not elements and len(dims) != 1:
            what = f"The tensor “{shown(name)}” has {len(dims)} dimensions and no elements."
            raise Refused(RefusalCode.ZERO_SIZE_TENSOR, self._wire.path, what)
        return elements

    def _count_strings(self, tensor: _Declared) -> None:
        if tensor.raw_size is not None or tensor.external or tensor.location:
            raise self._mismatch(tensor, "holds strings, and must keep them as such in the model")
        self._refuse_lists(tensor, allowed="string_data")
        found = tensor.lists["string_data"]
        elements = self._elements(tensor.name, tensor.dims)
        if found.count != elements:
            raise self._mismatch(tensor, f"has {found.count} strings for {elements}")
        self._add_stored(tensor, "STRING", parameters_in_bits(8 * found.size), found.size)

    def _refuse_lists(self, tensor: _Declared, *, allowed: str | None) -> None:
        extra = sorted(name for name in tensor.lists if name != allowed)
        if extra:
            raise self._mismatch(tensor, f"has data in {', '.join(extra)} too")

    def _add_stored(self, tensor: _Declared, dtype: str, parameters: int, size: int) -> None:
        self.stored_bytes += size
        self._add(tensor, dtype, parameters, size, self._wire.path)

    def _add(self, tensor: _Declared, dtype: str, parameters: int, size: int, path: str) -> None:
        self._ledger.add_tensor(
            name=tensor.name,
            path=path,
            dtype=dtype,
            shape=tuple(tensor.dims),
            parameters=parameters,
            size=size,
        )

    def _mismatch(self, tensor: _Declared, what: str) -> Refused:
        what = f"The tensor “{shown(tensor.name)}” of {shown(self._wire.path)} {what}."
        return Refused(RefusalCode.ONNX_TENSOR_MISMATCH, self._wire.path, what)
