"""Tensors whose data stand as bytes behind the JSON, as Triton's clients send them by default.

    JSON of `n` bytes, in which an input has no "data" but "parameters": {"binary_data_size": size}
    the inputs' bytes, one after the other: little-endian and row-major; of BYTES, each element
    after its length in 4 bytes

Source: https://github.com/triton-inference-server/server,
docs/protocol/extension_binary_data.md. Answers are JSON, which those clients take as well.
"""

import struct
from typing import Any

from slipway_runtime.datatypes import BY_OPEN_INFERENCE, integer_range
from slipway_runtime.errors import RequestError
from slipway_runtime.json_text import decode
from slipway_runtime.tensors import bad_tensor

FLOATS = {"FP16": "e", "FP32": "f", "FP64": "d"}
INTEGERS = {8: "b", 16: "h", 32: "i", 64: "q"}
LENGTH = struct.Struct("<I")


def infer_document(body: bytes, json_bytes: int) -> Any:
    """As if all of it had been JSON. Throws `RequestError`."""
    document = decode(body[:json_bytes])
    inputs = document.get("inputs") if isinstance(document, dict) else None
    at = json_bytes
    for entry in inputs if isinstance(inputs, list) else []:
        parameters = entry.get("parameters") if isinstance(entry, dict) else None
        size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
        if size is None:
            continue
        if type(size) is not int or size < 0 or at + size > len(body):
            raise bad_tensor(f"input {entry.get('name')}: there are not {size} bytes of it")
        entry["data"] = _values(body[at : at + size], entry)
        at += size
    if at != len(body):
        raise RequestError("invalid_tensor", f"{len(body) - at} bytes belong to no input")
    return document


def _values(data: bytes, entry: Any) -> list[Any]:
    datatype = str(entry.get("datatype"))
    try:
        if datatype == "BYTES":
            return _texts(data)
        if datatype == "BOOL":
            return [value != 0 for value in data]
        if datatype in FLOATS:
            numbers = _numbers(data, FLOATS[datatype])
            return [None if x != x else x for x in numbers]  # NaN is a missing value
        if datatype in BY_OPEN_INFERENCE:
            return _numbers(data, _integer_code(BY_OPEN_INFERENCE[datatype]))
    except (struct.error, UnicodeDecodeError) as error:
        raise bad_tensor(f"input {entry.get('name')}: not {datatype}: {error}") from None
    return []  # an unknown type, of which its reader says more


def _integer_code(type_name: str) -> str:
    low, high = integer_range(type_name)
    code = INTEGERS[(high - low + 1).bit_length() - 1]
    return code.upper() if low == 0 else code


def _numbers(data: bytes, code: str) -> list[Any]:
    count, rest = divmod(len(data), struct.calcsize(f"<{code}"))
    if rest:
        raise struct.error(f"{len(data)} bytes are no whole number of them")
    return list(struct.unpack(f"<{count}{code}", data))


def _texts(data: bytes) -> list[str]:
    texts, at = [], 0
    while at < len(data):
        (size,) = LENGTH.unpack_from(data, at)
        at += LENGTH.size
        if at + size > len(data):
            raise struct.error("an element is longer than what is there")
        texts.append(data[at : at + size].decode("utf-8"))
        at += size
    return texts
