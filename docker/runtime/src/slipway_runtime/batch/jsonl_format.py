"""JSON lines in, JSON lines out.

An instance that is an object comes back with "prediction" added, any other as
{"instance": …, "prediction": …}.
"""

from collections.abc import Iterator, Sequence
from typing import Any, TextIO

from slipway_runtime.batch.records import Record, WrongInput
from slipway_runtime.errors import RequestError
from slipway_runtime.json_text import decode, encode_text


class JsonlReader:
    def __init__(self, file: TextIO, skip_rows: int = 0) -> None:
        self._file = file
        self._skip_rows = skip_rows

    def __iter__(self) -> Iterator[Record]:
        line, skip_rows = 0, self._skip_rows
        try:
            for line, text in enumerate(self._file, start=1):
                if not text.strip():
                    continue
                if skip_rows > 0:
                    skip_rows -= 1
                else:
                    instance = decode(text)
                    yield Record(line, instance, instance)
        except RequestError as error:
            reason = error.message.replace("the body", "it")
            raise WrongInput(f"line {line}: {reason}") from error
        except UnicodeDecodeError as error:
            raise WrongInput(f"after line {line}: not UTF-8 text") from error


class JsonlWriter:
    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, records: Sequence[Record], predictions: Sequence[Any]) -> None:
        for record, prediction in zip(records, predictions, strict=True):
            if isinstance(record.source, dict):
                if "prediction" in record.source:
                    raise WrongInput(f"line {record.line}: the instance has a field prediction")
                row = {**record.source, "prediction": prediction}
            else:
                row = {"instance": record.source, "prediction": prediction}
            self._file.write(encode_text(row) + "\n")

    def finish(self) -> None:
        """Nothing stands after the last line."""

    def state(self) -> None:
        """One line knows nothing of the other."""
