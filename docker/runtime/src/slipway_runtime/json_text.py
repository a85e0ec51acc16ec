"""JSON as RFC 8259 has it: no NaN or Infinity in either direction.

By orjson: a request of a hundred rows spent nine tenths of its time in the json module. What orjson
refuses is given to that module all the same, which says better what is wrong, and takes what is
JSON and rare: numbers beyond a double or 64 bits. Half of a surrogate pair is no text, and no
framework takes it for such: it is refused in what comes in, and written as it is where a model
answers it.
"""

import datetime
import json
import math
from typing import Any, NoReturn

import orjson

from slipway_runtime.errors import RequestError


def _refuse_constant(token: str) -> NoReturn:
    raise ValueError(f"{token} is not JSON; write null for a missing value")


_decoder = json.JSONDecoder(parse_constant=_refuse_constant)


def decode(text: bytes | str) -> Any:
    """Throws `RequestError` with code `invalid_json`. A whole number beyond 64 bits is the nearest
    float."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return _decode_rare(text)


def _decode_rare(text: bytes | str) -> Any:
    try:
        document = _decoder.decode(text if isinstance(text, str) else text.decode("utf-8"))
        json.dumps(document, ensure_ascii=False).encode("utf-8")
        return document
    except RecursionError as error:
        raise RequestError("invalid_json", "the body is nested too deeply") from error
    except UnicodeDecodeError as error:
        raise RequestError("invalid_json", "the body is not UTF-8 text") from error
    except UnicodeEncodeError as error:
        message = "the body has half of a surrogate pair, such as \\ud800: that is no text"
        raise RequestError("invalid_json", message) from error
    except ValueError as error:
        raise RequestError("invalid_json", f"the body is not JSON: {error}") from error


def encode(value: Any) -> bytes:
    """NaN and the infinities become null. Arrays and scalars of numpy, and dates, are understood.

    Throws `TypeError` for a value of another kind, `ValueError` for one that holds itself.
    """
    try:
        return orjson.dumps(value, default=_plain, option=orjson.OPT_NON_STR_KEYS)
    except orjson.JSONEncodeError:
        return _encode_rare(value).encode()


def encode_text(value: Any) -> str:
    return encode(value).decode()


def _encode_rare(value: Any) -> str:
    try:
        return _dumps(value)
    except ValueError:
        return _dumps(_without_nan(value))


def _dumps(value: Any) -> str:
    return json.dumps(value, allow_nan=False, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    raise TypeError(f"JSON cannot hold a {type(value).__name__}")


def _without_nan(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    if hasattr(value, "tolist"):
        return _without_nan(value.tolist())
    return value
