"""XGBoost boosters (JSON, UBJSON, and the old binary files of releases that read them), answered
as `Booster.predict` answers."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import xgboost

from slipway_runtime.description import ModelDescription
from slipway_runtime.errors import LoadFailed
from slipway_runtime.formats.arrays import Array
from slipway_runtime.formats.booster_inputs import Features
from slipway_runtime.formats.boosters import BoosterModel
from slipway_runtime.library_environment import thread_limit
from slipway_runtime.loading import packaged_file


def load(description: ModelDescription, package: Path) -> BoosterModel:
    content = packaged_file(package, description.model_file).read_bytes()
    if not content:
        raise LoadFailed(f"{description.model_file} is empty")  # of which XGBoost 3.2 dies
    booster = xgboost.Booster()
    try:
        # From memory: what the bytes are then counts, not how the file is called.
        booster.load_model(bytearray(content))
    except (xgboost.core.XGBoostError, UnicodeDecodeError) as error:  # it may quote the bytes
        reason = str(error).split("\n")[0]
        if not content.startswith(b"{"):
            reason = "it is neither JSON nor UBJSON, and older files are read by XGBoost below 3.1"
        raise LoadFailed(
            f"cannot load {description.model_file} with XGBoost {xgboost.__version__}: {reason}"
        ) from error
    booster.set_param({"nthread": thread_limit()})
    kind = json.loads(booster.save_config())["learner"]["gradient_booster"]["name"]
    types = booster.feature_types

    def answer(matrix: Array) -> Array:
        if kind == "gbtree":
            # Without a copy into a DMatrix. The same answer to the last bit, which it is not of
            # "dart"; "gblinear" has no such way.
            answered: Array = booster.inplace_predict(matrix)
            return answered
        data = xgboost.DMatrix(matrix, feature_names=booster.feature_names, feature_types=types)
        answered = booster.predict(data)
        return answered

    return BoosterModel(
        Features(
            width=booster.num_features(),
            names=booster.feature_names,
            element_type="float32",
            categories=_categories(booster) if "c" in (types or ()) else {},
        ),
        description.signature,
        answer,
        platform="xgboost_booster",
        frameworks=("xgboost-cpu", "xgboost", "numpy", "scipy"),
    )


def _categories(booster: xgboost.Booster) -> dict[int, list[Any]]:
    """By column; XGBoost 3.1 and later keep them. Source: `gradient_booster.model.cats` of
    https://github.com/dmlc/xgboost/blob/master/doc/model.schema

    `{"enc": [{"offsets": [0, 6, …], "values": [65, 116, …]} or {"values": [1, 2, 7]}, …]}`: texts
    are the bytes between two offsets.
    """
    model = json.loads(booster.save_raw("json"))["learner"]["gradient_booster"]
    encodings = (model.get("model") or {}).get("cats", {}).get("enc", [])
    columns: dict[int, list[Any]] = {}
    for column, encoding in enumerate(encodings):
        values, offsets = encoding.get("values") or [], encoding.get("offsets")
        if values and offsets:
            texts = bytes(value % 256 for value in values)
            columns[column] = [texts[start:end].decode() for start, end in pairwise(offsets)]
        elif values:
            columns[column] = values
    return columns
