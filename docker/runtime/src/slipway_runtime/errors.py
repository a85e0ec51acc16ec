"""What can go wrong, by whose fault it is."""

from typing import Any


class RequestError(Exception):
    """The caller's fault: a 4xx over HTTP, exit code 1 in a batch.

    `instance` is the index of the instance at fault, `field` its column: a name, or a position
    where columns have no names. Both are None where the fault is not in one place.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int = 400,
        instance: int | None = None,
        field: str | int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.instance = instance
        self.field = field

    def __str__(self) -> str:
        where = [] if self.instance is None else [f"instance {self.instance}"]
        where += place_in_instance(self.field)
        return f"{', '.join(where)}: {self.message}" if where else self.message


def error_view(error: RequestError) -> dict[str, Any]:
    view: dict[str, Any] = {"code": error.code, "message": str(error)}
    if error.instance is not None:
        view["instance"] = error.instance
    if error.field is not None:
        view["field"] = error.field
    return view


def place_in_instance(field: str | int | None) -> list[str]:
    if field is None:
        return []
    return [f"column {field}" if isinstance(field, int) else field]


def invalid_instance(
    message: str, *, instance: int | None = None, field: str | int | None = None
) -> RequestError:
    return RequestError("invalid_instance", message, instance=instance, field=field)


class PredictionFailed(Exception):
    """The model's fault: what it raised is the `__cause__`, where it raised."""


class LoadFailed(Exception):
    """The model cannot be served. The message is one sentence that its author can act on."""


class SettingError(Exception):
    """An environment variable has a value that cannot be used."""
