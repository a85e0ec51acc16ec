"""What the front process and a worker say to each other, over a pair of sockets.

A frame is

    kind    1 byte
    status  2 bytes, of an answer, else 0
    length  8 bytes, of the body; big-endian as all of it
    body

front → worker   P, I, T   /predict, /invocations, /v2/…/infer: the body as the caller sent it
                 B         as T, of tensors in binary: before it 8 bytes, the length of its JSON
                 S         asks for what was counted; empty
worker → front   L         the model is loaded: JSON, `LoadedModel`; the first frame of all
                 F         it is not, and the worker ends: JSON {"reason", "traceback"}
                 A         an answer. 200: the body to send on; else JSON {"code", "message",
                           "instance"?, "field"?}
                 S         what was counted since the last of these: JSON, `value_statistics.py`

A worker answers one request after the other, in their order. Whoever finds the stream at its end
knows that the other process has ended.
"""

import json
import struct
from dataclasses import asdict, dataclass
from typing import Any

from slipway_runtime.description import TensorSpec

HEAD = struct.Struct(">cHQ")

JSON_LENGTH = struct.Struct(">Q")

PREDICT, INVOCATIONS, TENSORS, BINARY_TENSORS, STATISTICS = b"P", b"I", b"T", b"B", b"S"
LOADED, FAILED, ANSWER = b"L", b"F", b"A"


def frame(kind: bytes, body: bytes = b"", status: int = 0) -> bytes:
    return HEAD.pack(kind, status, len(body)) + body


@dataclass(frozen=True)
class LoadedModel:
    """What the front knows of the model."""

    platform: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    frameworks: dict[str, str]
    """Versions by distribution."""
    example: Any
    """A request that can be sent as it is; None where nothing tells one."""

    def to_json(self) -> bytes:
        return json.dumps(asdict(self)).encode()


def loaded_model(body: bytes) -> LoadedModel:
    document: dict[str, Any] = json.loads(body)
    inputs, outputs = (
        tuple(TensorSpec(**{**spec, "shape": tuple(spec["shape"])}) for spec in document[side])
        for side in ("inputs", "outputs")
    )
    return LoadedModel(
        document["platform"], inputs, outputs, document["frameworks"], document["example"]
    )
