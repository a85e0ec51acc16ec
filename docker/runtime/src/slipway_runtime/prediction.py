"""Asking a model, whatever its format, and holding it to its promise."""

from collections.abc import Mapping
from typing import Any

from slipway_runtime.errors import PredictionFailed, RequestError
from slipway_runtime.model import ColumnModel, Model
from slipway_runtime.rows import rows_of


def predict(model: Model, instances: list[Any]) -> list[Any]:
    """One prediction for each instance; none for none, and then the model is not asked.

    Throws `RequestError` for what the model cannot take, `PredictionFailed` for its own fault.
    """
    if not instances:
        return []
    try:
        answer = model.predict(instances)
    except (Exception, SystemExit) as error:
        raise failure_of(error) from error
    return _listed(answer, len(instances))


def predict_columns(model: Model, columns: Mapping[str, list[Any]]) -> list[Any]:
    """As `predict`, from columns of equal length by name."""
    count = len(next(iter(columns.values())))
    if not (count and isinstance(model, ColumnModel)):
        return predict(model, rows_of(columns))
    try:
        answer = model.predict_columns(columns)
    except (Exception, SystemExit) as error:
        raise failure_of(error) from error
    return _listed(answer, count)


def failure_of(error: Exception | SystemExit) -> Exception:
    """SystemExit is one too: a model that gives up must not take the server with it."""
    if isinstance(error, RequestError):
        return error
    return PredictionFailed(f"{type(error).__name__}: {error}")


def _listed(answer: Any, count: int) -> list[Any]:
    if hasattr(answer, "to_dict") and hasattr(answer, "columns"):  # a pandas DataFrame
        answer = answer.to_dict(orient="records")
    elif hasattr(answer, "tolist"):  # a numpy array, a pandas Series
        answer = answer.tolist()
    if not isinstance(answer, list | tuple):
        raise PredictionFailed(f"predict returned a {type(answer).__name__}, not a list")
    if len(answer) != count:
        raise PredictionFailed(f"predict returned {len(answer)} predictions for {count} instances")
    return list(answer)
