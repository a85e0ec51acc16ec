"""LightGBM's text files, answered as `Booster.predict` answers."""

import re
from pathlib import Path
from typing import Any

import lightgbm

from slipway_runtime.description import ModelDescription
from slipway_runtime.errors import LoadFailed
from slipway_runtime.formats.arrays import Array
from slipway_runtime.formats.booster_inputs import Features
from slipway_runtime.formats.boosters import BoosterModel
from slipway_runtime.library_environment import thread_limit
from slipway_runtime.loading import packaged_file

UNNAMED = re.compile(r"Column_\d+")


def load(description: ModelDescription, package: Path) -> BoosterModel:
    file = packaged_file(package, description.model_file)
    try:
        booster = lightgbm.Booster(model_file=str(file))
    except lightgbm.basic.LightGBMError as error:
        raise LoadFailed(f"cannot load {description.model_file}: {error}") from error
    threads = thread_limit()
    names = booster.feature_name()

    def answer(matrix: Array) -> Array:
        answered: Array = booster.predict(matrix, num_threads=threads)
        return answered

    return BoosterModel(
        Features(
            width=booster.num_feature(),
            names=None if all(map(UNNAMED.fullmatch, names)) else names,
            element_type="float64",
            categories=_categories(booster),
            unknown_is_missing=True,  # as it is in a data frame
        ),
        description.signature,
        answer,
        platform="lightgbm_text",
        frameworks=("lightgbm", "numpy", "scipy"),
    )


def _categories(booster: lightgbm.Booster) -> dict[int, list[Any]]:
    """By column. Only a data frame's categories are kept, in the order of its categorical columns;
    a model trained with anything else was given numbers."""
    kept = booster.pandas_categorical or []
    columns = booster.params.get("categorical_feature") or []
    if len(kept) != len(columns):
        if kept:
            raise LoadFailed(
                f"the file has categories of {len(kept)} columns, and names {len(columns)} "
                "categorical ones: train it with either a data frame's categories or "
                "categorical_feature"
            )
        return {}
    return {int(column): list(known) for column, known in zip(columns, kept, strict=True)}
