"""Names of element types: numpy's in signatures, the Open Inference Protocol's on its wire."""

OPEN_INFERENCE = {
    "bool": "BOOL",
    "uint8": "UINT8",
    "uint16": "UINT16",
    "uint32": "UINT32",
    "uint64": "UINT64",
    "int8": "INT8",
    "int16": "INT16",
    "int32": "INT32",
    "int64": "INT64",
    "float16": "FP16",
    "float32": "FP32",
    "float64": "FP64",
    "string": "BYTES",
}

BY_OPEN_INFERENCE = {datatype: name for name, datatype in OPEN_INFERENCE.items()}

ANY = "any"
"""Numbers or text: a column of which the model does not say what it wants."""


def open_inference_datatype(type_name: str) -> str:
    """BYTES carries what has no numeric type of its own."""
    return OPEN_INFERENCE.get(type_name, "BYTES")


def is_float(type_name: str) -> bool:
    return type_name.startswith("float")


def is_number(type_name: str) -> bool:
    return type_name in OPEN_INFERENCE and type_name not in ("bool", "string")


def integer_range(type_name: str) -> tuple[int, int]:
    """The smallest and the largest value of an (u)int8 … (u)int64."""
    bits = int(type_name.removeprefix("u").removeprefix("int"))
    if type_name.startswith("u"):
        return 0, 2**bits - 1
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
