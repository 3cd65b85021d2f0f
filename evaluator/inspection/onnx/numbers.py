"""Counts numbers and strings in a field, which protobuf stores one by one or packed."""

from dataclasses import dataclass

from evaluator.inspection.onnx.protobuf_wire import Wire, WireField, WireReader

_STRINGS = frozenset({"string_data", "s", "strings"})
_FIXED_SIZES = {"float_data": 4, "floats": 4, "double_data": 8}


@dataclass
class NumberList:
    """How many numbers or strings a field holds, and the bytes of their payload, tags apart."""

    count: int = 0
    size: int = 0

    def add(self, wire: WireReader, name: str, field: WireField) -> None:
        """Counts one more occurrence of the field `name`."""
        self.size += field.size
        if name in _STRINGS or field.wire is not Wire.BYTES:
            self.count += field.entries
        elif name in _FIXED_SIZES:
            if field.size % _FIXED_SIZES[name]:
                raise wire.malformed(f"has packed {name} that ends within a number")
            self.count += field.size // _FIXED_SIZES[name]
        else:
            self.count += wire.count_packed_varints(field.start, field.end)
