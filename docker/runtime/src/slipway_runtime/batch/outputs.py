"""Where predictions go: a file that is there whole or not at all, or a stream."""

import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol, TextIO

from slipway_runtime.batch.progress import Place, lock
from slipway_runtime.batch.records import Record


class Output(Protocol):
    def write(self, records: Sequence[Record], predictions: Sequence[Any]) -> None:
        """Throws `WrongInput`."""

    def checkpoint(self) -> tuple[int, Any] | None:
        """How many rows are on disk, and where they end; None where that cannot be gone on from."""

    def finish(self) -> None:
        """All rows are written: they become the output."""

    def discard(self) -> None:
        """There will be no output, and nothing to go on from."""

    def close(self) -> None:
        """What is written stays, for the next run."""


class RowWriter(Protocol):
    def write(self, records: Sequence[Record], predictions: Sequence[Any]) -> None: ...

    def finish(self) -> None: ...

    def state(self) -> Any:
        """What a writer of the same file has to know to go on; JSON."""


MakeWriter = Callable[[TextIO, Any], RowWriter]
"""With the `state` of the one before, None at the start."""


class StreamOutput:
    """Standard output: rows show as they are written."""

    def __init__(self, stream: TextIO, make_writer: MakeWriter) -> None:
        self._stream = stream
        self._writer = make_writer(stream, None)

    def write(self, records: Sequence[Record], predictions: Sequence[Any]) -> None:
        self._writer.write(records, predictions)

    def checkpoint(self) -> None:
        return None

    def finish(self) -> None:
        self._writer.finish()
        self._stream.flush()

    def discard(self) -> None:
        """What is printed is printed."""

    def close(self) -> None:
        """Others may still write to it."""


class FileOutput:
    """Text. Its position is {"bytes": n, "writer": the writer's state}."""

    def __init__(self, place: Place, make_writer: MakeWriter, rows: int, position: Any) -> None:
        """Throws `OSError` and `AnotherRun`."""
        self._place = place
        self._rows = rows
        if place.partial.is_dir():  # of a run of another format
            shutil.rmtree(place.partial)
        place.partial.touch()
        self._lock = lock(place.partial)
        self._file = place.partial.open("r+", encoding="utf-8", newline="")
        self._file.truncate(position["bytes"] if position else 0)
        self._file.seek(0, os.SEEK_END)
        self._writer = make_writer(self._file, position["writer"] if position else None)

    def write(self, records: Sequence[Record], predictions: Sequence[Any]) -> None:
        self._writer.write(records, predictions)
        self._rows += len(records)

    def checkpoint(self) -> tuple[int, Any]:
        self._flush()
        size_bytes = os.fstat(self._file.fileno()).st_size
        return self._rows, {"bytes": size_bytes, "writer": self._writer.state()}

    def finish(self) -> None:
        self._writer.finish()
        self._flush()
        self._place.publish(self._place.partial)
        self.close()

    def discard(self) -> None:
        self.close()
        for file in (self._place.progress, self._place.partial):
            with suppress(FileNotFoundError):
                file.unlink()

    def close(self) -> None:
        with suppress(OSError):
            self._file.close()
            os.close(self._lock)

    def _flush(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
