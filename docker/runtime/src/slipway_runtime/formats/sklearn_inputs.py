"""What a fitted estimator wants to be given, read from what fitting left in it.

scikit-learn keeps `n_features_in_`, and `feature_names_in_` when it saw a table with names; text
vectorizers keep neither. Whether a column holds numbers or words shows in the first step that
touches it: encoders and imputers keep what they learned, and nearly everything else takes numbers.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from slipway_runtime.datatypes import ANY

TEXT_STEPS = {"CountVectorizer", "TfidfVectorizer", "HashingVectorizer"}
OBJECT_STEPS = {"DictVectorizer", "FeatureHasher"}
NUMBERS_ONLY = ("sklearn.", "xgboost.")
INNER_ESTIMATORS = ("best_estimator_", "estimator_", "regressor_", "classifier_", "estimators_")


def first_steps(estimator: Any) -> Iterator[Any]:
    """The estimator, then what stands first inside it, and so on inwards."""
    while estimator is not None:
        yield estimator
        estimator = _first_inside(estimator)


def _first_inside(estimator: Any) -> Any:
    if _is(estimator, "Pipeline"):
        return next((s for _, s in estimator.steps if s not in (None, "passthrough")), None)
    if _is(estimator, "FeatureUnion"):
        return next((s for _, s in estimator.transformer_list if not isinstance(s, str)), None)
    for name in INNER_ESTIMATORS:
        inner = getattr(estimator, name, None)
        if isinstance(inner, list | np.ndarray):
            inner = next(iter(inner.flat if isinstance(inner, np.ndarray) else inner), None)
        if hasattr(inner, "get_params"):
            return inner
    return None


def takes_text(estimator: Any) -> bool:
    """Whether an instance is a string."""
    return any(type(step).__name__ in TEXT_STEPS for step in first_steps(estimator))


def takes_objects(estimator: Any) -> bool:
    """Whether an instance is an object of any keys."""
    return any(type(step).__name__ in OBJECT_STEPS for step in first_steps(estimator))


def column_transformer(estimator: Any) -> Any:
    """The ColumnTransformer that takes the estimator's own columns, or None."""
    return next((s for s in first_steps(estimator) if _is(s, "ColumnTransformer")), None)


def column_types(estimator: Any, width: int, names: list[str]) -> list[str]:
    """For each of `width` columns "float64", "string", or "any" where nothing tells."""
    steps = list(first_steps(estimator))
    for step in steps:
        if _is(step, "ColumnTransformer"):
            return _types_by_column(step, width, names)
        learned = _learned_types(step)
        if learned is not None:
            return learned if len(learned) == width else [ANY] * width
    known = all(type(step).__module__.startswith(NUMBERS_ONLY) for step in steps)
    return ["float64" if known else ANY] * width


def unused_columns(estimator: Any, width: int, names: list[str]) -> set[int]:
    """Columns that were there when it was fitted, and that it drops."""
    transformer = column_transformer(estimator)
    if transformer is None:
        return set()
    used: set[int] = set()
    for _, step, columns in transformer.transformers_:
        if not (isinstance(step, str) and step == "drop"):
            used.update(_positions(columns, width, names))
    return set(range(width)) - used


def _types_by_column(transformer: Any, width: int, names: list[str]) -> list[str]:
    types = [ANY] * width
    for _, step, columns in transformer.transformers_:
        positions = _positions(columns, width, names)
        if isinstance(step, str):  # "drop" or "passthrough"
            continue
        if takes_text(step):
            inner = ["string"] * len(positions)
        else:
            inner = column_types(step, len(positions), [names[p] for p in positions if names])
        for position, inner_type in zip(positions, inner, strict=True):
            types[position] = inner_type
    return types


def _positions(columns: Any, width: int, names: list[str]) -> list[int]:
    """A ColumnTransformer's way of naming columns → their positions."""
    if isinstance(columns, slice):
        start, stop = columns.start, columns.stop
        start = names.index(start) if isinstance(start, str) else start
        stop = names.index(stop) + 1 if isinstance(stop, str) else stop  # by name: its end included
        return list(range(width))[start : stop : columns.step]
    listed = [columns] if isinstance(columns, str | int | np.integer) else list(columns)
    if listed and all(isinstance(c, bool | np.bool_) for c in listed):
        return [position for position, taken in enumerate(listed) if taken]
    return [names.index(c) if isinstance(c, str) else int(c) % width for c in listed]


def _learned_types(step: Any) -> list[str] | None:
    if hasattr(step, "categories_"):  # OneHotEncoder, OrdinalEncoder, TargetEncoder
        return [_type_of(categories) for categories in step.categories_]
    if hasattr(step, "statistics_"):  # SimpleImputer
        if step.statistics_.dtype.kind == "O":
            return [_type_of(np.array([value], dtype=object)) for value in step.statistics_]
        return ["float64"] * len(step.statistics_)
    if _is(step, "FunctionTransformer") or getattr(step, "is_categorical_", None) is not None:
        return []  # of no known width: any
    return None


def _type_of(categories: Any) -> str:
    if categories.dtype.kind in "iufb":
        return "float64"
    known = [value for value in categories if value is not None and value == value]
    return "string" if known and all(isinstance(value, str) for value in known) else ANY


def _is(estimator: Any, name: str) -> bool:
    return any(kind.__name__ == name for kind in type(estimator).__mro__)
