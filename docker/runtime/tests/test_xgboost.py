"""What an XGBoost file says of itself, and that it is answered as Booster.predict answers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost
from conftest import Serve
from starlette.testclient import TestClient

from slipway_runtime.errors import LoadFailed

DRAW = np.random.default_rng(7)
ROWS = DRAW.normal(size=(60, 3)).round(3)
TARGETS = (ROWS[:, 0] + ROWS[:, 1] > 0).astype(int)
ASKED = ROWS[:4].tolist()

ServeBooster = Callable[..., TestClient]


@pytest.fixture
def serve_booster(serve_document: Serve, tmp_path: Path) -> ServeBooster:
    def start(booster: Any, file: str = "model.ubj", **document: Any) -> TestClient:
        booster.save_model(tmp_path / file)
        return serve_document(document_of_file(file, **document), tmp_path)

    return start


def document_of_file(file: str, **more: Any) -> dict[str, Any]:
    return {"model": "m", "version": "1.0.0", "contentDigest": ""} | {
        "format": "xgboost",
        "modelFile": file,
        **more,
    }


def trained(parameters: dict[str, Any], targets: Any = TARGETS, **data: Any) -> xgboost.Booster:
    matrix = xgboost.DMatrix(ROWS, targets, **data)
    return xgboost.train({"max_depth": 2, "seed": 7, **parameters}, matrix, num_boost_round=4)


def predictions(client: TestClient, instances: list[Any]) -> Any:
    answer = client.post("/predict", json={"instances": instances})
    return answer.json()["predictions"] if answer.is_success else answer.json()["error"]


@pytest.mark.parametrize("kind", ["gbtree", "dart", "gblinear"])
@pytest.mark.parametrize(
    ("objective", "shape"), [("binary:logistic", [-1]), ("multi:softprob", [-1, 2])]
)
def test_every_kind_of_booster_answers_as_its_predict(
    serve_booster: ServeBooster, kind: str, objective: str, shape: list[int]
) -> None:
    classes = {"num_class": 2} if objective == "multi:softprob" else {}
    booster = trained({"booster": kind, "objective": objective, **classes})
    client = serve_booster(booster)
    assert predictions(client, ASKED) == booster.predict(xgboost.DMatrix(ASKED)).tolist()
    metadata = client.get("/metadata").json()
    assert metadata["inputs"] == [{"name": "input", "type": "float32", "shape": [-1, 3]}]
    assert metadata["outputs"] == [{"name": "prediction", "type": "float32", "shape": shape}]


def test_what_the_file_is_called_makes_no_difference(serve_document: Serve, tmp_path: Path) -> None:
    booster = trained({})
    for kind in ("json", "ubj"):
        (tmp_path / "model.bst").write_bytes(booster.save_raw(kind))
        client = serve_document(document_of_file("model.bst"), tmp_path)
        assert predictions(client, ASKED) == booster.predict(xgboost.DMatrix(ASKED)).tolist()


def test_columns_that_have_names_are_taken_by_them(serve_booster: ServeBooster) -> None:
    booster = trained({}, feature_names=["a", "b", "c"])
    client = serve_booster(booster)
    expected = booster.predict(xgboost.DMatrix([[1, 2, 3]], feature_names=["a", "b", "c"])).tolist()
    assert predictions(client, [{"c": 3, "a": 1, "b": 2}]) == expected
    assert predictions(client, [[1, 2, 3]]) == expected
    assert predictions(client, [{"a": 1, "b": 2}])["message"] == "instance 0, c: is missing"
    extra = predictions(client, [{"a": 1, "b": 2, "c": 3, "d": 4}])
    assert (extra["instance"], extra["field"]) == (0, "d")


def test_null_is_what_xgboost_takes_for_missing(serve_booster: ServeBooster) -> None:
    booster = trained({})
    missing = xgboost.DMatrix(np.array([[np.nan, 1, 2], [np.nan] * 3]))
    client = serve_booster(booster)
    assert predictions(client, [[None, 1, 2], [None] * 3]) == booster.predict(missing).tolist()


def test_a_number_that_trees_cannot_hold_is_named(serve_booster: ServeBooster) -> None:
    client = serve_booster(trained({}, feature_names=["a", "b", "c"]))
    error = predictions(client, [[1, 2, 3], [1, 1e39, 3]])
    assert (error["instance"], error["field"]) == (1, "b")
    assert "is out of range for float32" in error["message"]
    unnamed = predictions(serve_booster(trained({})), [[1, 2, -1e39]])
    assert (unnamed["instance"], unnamed["field"]) == (0, 2)


def test_a_category_is_taken_by_name_and_an_unknown_one_refused(serve: Serve) -> None:
    client = serve("loans-xgboost")
    types = [(i["name"], i["type"]) for i in client.get("/metadata").json()["inputs"]]
    assert types == [("age", "float32"), ("income", "float32"), ("purpose", "string")]
    for value, shown in (("boat", '"boat"'), (1, "1"), (["car"], "a list of 1"), (True, "true")):
        error = predictions(client, [[30, 20, "car"], [30, 20, value]])
        assert (error["instance"], error["field"]) == (1, "purpose")
        assert error["message"].endswith(f"expected one of car, house, studies, got {shown}")


def test_a_signature_does_not_change_what_the_file_knows_of_categories(serve: Serve) -> None:
    declared = [{"name": n, "type": "float64", "shape": [-1]} for n in ("purpose", "age", "income")]
    client = serve("loans-xgboost", signature={"inputs": declared})
    types = [(i["name"], i["type"]) for i in client.get("/metadata").json()["inputs"]]
    assert types == [("purpose", "string"), ("age", "float64"), ("income", "float64")]
    assert predictions(client, [["studies", 25, 12.5]]) == predictions(
        serve("loans-xgboost"), [[25, 12.5, "studies"]]
    )
    assert client.post("/predict", json=client.get("/metadata").json()["example"]).is_success


def test_without_names_in_the_file_a_category_is_its_number(serve_booster: ServeBooster) -> None:
    codes = np.column_stack([ROWS[:, 0], DRAW.integers(0, 3, 60)])
    matrix = xgboost.DMatrix(codes, TARGETS, feature_types=["q", "c"], enable_categorical=True)
    booster = xgboost.train({"max_depth": 2}, matrix, num_boost_round=3)
    asked = codes[:5].tolist()
    answered = predictions(serve_booster(booster), asked)
    again = xgboost.DMatrix(np.array(asked), feature_types=["q", "c"], enable_categorical=True)
    assert answered == booster.predict(again).tolist()


def test_a_signature_gives_names_and_an_order_of_its_own(serve_booster: ServeBooster) -> None:
    booster = trained({}, feature_names=["a", "b", "c"])
    declared = [{"name": n, "type": "float64", "shape": [-1]} for n in ("c", "a", "b")]
    client = serve_booster(booster, signature={"inputs": declared})
    expected = booster.predict(xgboost.DMatrix(ASKED, feature_names=["a", "b", "c"])).tolist()
    assert predictions(client, [[c, a, b] for a, b, c in ASKED]) == expected
    nameless = serve_booster(trained({}), signature={"inputs": declared})
    asked = [dict(zip(("c", "a", "b"), row, strict=True)) for row in ASKED]
    assert predictions(nameless, asked) == expected


@pytest.mark.parametrize(
    ("names", "type_name", "message"),
    [
        (["a", "b"], "float32", "the signature has inputs a, b, but the model was trained with"),
        (["a", "b", "x"], "float32", "but the model was trained with columns a, b, c"),
        (["a", "b", "c"], "string", "the signature says that a is string, but the model takes"),
    ],
)
def test_a_signature_that_is_not_the_files_fails_to_load(
    serve_booster: ServeBooster, names: list[str], type_name: str, message: str
) -> None:
    declared = [{"name": name, "type": type_name, "shape": [-1]} for name in names]
    with pytest.raises(LoadFailed, match=message):
        serve_booster(trained({}, feature_names=["a", "b", "c"]), signature={"inputs": declared})


def test_a_file_that_is_no_booster_fails_to_load(serve_document: Serve, tmp_path: Path) -> None:
    refused = r"cannot load model\.json with XGBoost 3"
    faults = {
        b'{"learner": {}}': refused,
        b"not a booster": f"{refused}.*neither JSON nor UBJSON",
        b"binf\xb9\xab\x07?\x03": "older files are read by XGBoost below 3.1",
        b"": r"model\.json is empty",
    }
    for content, message in faults.items():
        (tmp_path / "model.json").write_bytes(content)
        with pytest.raises(LoadFailed, match=message):
            serve_document(document_of_file("model.json"), tmp_path)
