"""Code of the package's own: how it is imported, what it is given, what it may do wrong."""

import logging
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Serve
from starlette.testclient import TestClient

from slipway_runtime.errors import LoadFailed

ServePackage = Callable[..., TestClient]


@pytest.fixture
def serve_package(serve_document: Serve, tmp_path: Path) -> ServePackage:
    def start(files: dict[str, str], **document: Any) -> TestClient:
        for path, text in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(textwrap.dedent(text))
        return serve_document(
            {
                "model": "own",
                "version": "2.0.0",
                "contentDigest": "",
                "format": "python",
                "predictor": {"file": "src/predictor.py", "class": "Predictor"},
                **document,
            },
            tmp_path,
        )

    return start


def predictor(body: str, before: str = "", setup: str = "pass") -> dict[str, str]:
    return {
        "src/predictor.py": (
            f"{before}\nclass Predictor:\n"
            f"    def __init__(self, folder):\n        {setup}\n"
            f"    def predict(self, instances):\n        {body}\n"
        )
    }


def predict(client: TestClient, instances: list[Any]) -> Any:
    answer = client.post("/predict", json={"instances": instances})
    assert answer.status_code == 200, answer.text
    return answer.json()["predictions"]


def test_is_given_the_packages_model_folder_and_the_instances_as_they_were_sent(
    serve_package: ServePackage, tmp_path: Path
) -> None:
    files = predictor(
        "return [[self.folder, repr(i)] for i in instances]", "", "self.folder = folder"
    )
    client = serve_package(files)
    folder = str(tmp_path / "model")
    assert predict(client, [{"a": None}, [1, "x"], "text", 2.5, None]) == [
        [folder, "{'a': None}"], [folder, "[1, 'x']"], [folder, "'text'"],
        [folder, "2.5"], [folder, "None"],
    ]  # fmt: skip


def test_imports_of_src_by_package_by_plain_name_and_relative_all_work(
    serve_package: ServePackage,
) -> None:
    files = predictor(
        "return [one() + two() + three() for _ in instances]",
        "from src.first import one\nfrom second import two\nfrom .third import three\n",
    )
    helpers = {
        "src/first.py": "def one(): return 1",
        "src/second.py": "from first import one\ndef two(): return one() + 1",
        "src/third.py": "def three(): return 3",
    }
    assert predict(serve_package({**files, **helpers}), [0]) == [6]


def test_a_predictor_may_lie_elsewhere_and_have_another_name(serve_package: ServePackage) -> None:
    files = {
        "code/serving/score.py": """
            import helper
            class Scorer:
                def __init__(self, folder): pass
                def predict(self, instances): return [helper.score(i) for i in instances]
        """,
        "code/serving/helper.py": "def score(instance): return instance * 2",
    }
    where = {"file": "code/serving/score.py", "class": "Scorer"}
    assert predict(serve_package(files, predictor=where), [4]) == [8]


def test_nothing_is_written_into_the_package(serve_package: ServePackage, tmp_path: Path) -> None:
    predict(serve_package(predictor("return instances")), [1])
    assert {p.name for p in tmp_path.rglob("*")} == {"src", "predictor.py"}


@pytest.mark.parametrize(
    ("body", "predictions"),
    [
        ("return tuple(instances)", [1, 2]),
        ("import numpy; return numpy.array(instances)", [1, 2]),
        ("import numpy; return [numpy.int64(1), numpy.zeros(2)]", [1, [0.0, 0.0]]),
        ("import numpy; return [numpy.nan, {'p': numpy.inf}]", [None, {"p": None}]),
        ("return [float('nan'), {'p': [float('inf')]}]", [None, {"p": [None]}]),
        ("import pandas; return pandas.Series([1.5, 2.5])", [1.5, 2.5]),
        ("import pandas; return pandas.DataFrame({'a': [1, 2]})", [{"a": 1}, {"a": 2}]),
        ("import datetime; return [datetime.date(2026, 1, 2)] * 2", ["2026-01-02"] * 2),
        ("return ['\\ud800', 'ü']", ["\ud800", "ü"]),
    ],
)
def test_whatever_holds_one_prediction_for_each_instance_will_do(
    serve_package: ServePackage, body: str, predictions: list[Any]
) -> None:
    assert predict(serve_package(predictor(body)), [1, 2]) == predictions


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("raise KeyError('age')", "KeyError: 'age'"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("raise StopIteration", "StopIteration: "),
        ("return [1]", "predict returned 1 predictions for 2 instances"),
        ("return {'a': 1}", "predict returned a dict, not a list"),
        ("return None", "predict returned a NoneType, not a list"),
        ("return [object()] * 2", "the predictions are not JSON: JSON cannot hold a object"),
        ("x = [[]]; x[0].append(x); return x * 2", "the predictions are not JSON"),
    ],
)
def test_a_failing_predictor_is_500_with_its_reason_and_the_next_request_is_served(
    serve_package: ServePackage, body: str, message: str
) -> None:
    client = serve_package(predictor(f"if instances == [0]: return [0]\n        {body}"))
    answer = client.post("/predict", json={"instances": [1, 2]})
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "prediction_failed"
    assert message in answer.json()["error"]["message"]
    assert predict(client, [0]) == [0]


def test_the_traceback_of_a_failing_predictor_is_logged(
    serve_package: ServePackage, caplog: pytest.LogCaptureFixture
) -> None:
    client = serve_package(predictor("return self.weights[instances[0]]"))
    client.post("/predict", json={"instances": [1]})
    record = next(r for r in caplog.records if r.levelno == logging.ERROR)
    assert record.exc_info is not None
    assert "self.weights" in (caplog.text)


def test_one_request_at_a_time_reaches_a_predictor(serve_package: ServePackage) -> None:
    from concurrent.futures import ThreadPoolExecutor

    body = (
        "import time; self.running += 1; seen = self.running; time.sleep(0.02)\n"
        "        self.running -= 1; return [seen] * len(instances)"
    )
    client = serve_package(predictor(body, setup="self.running = 0"))
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: predict(client, [1]), range(8)))
    assert answers == [[1]] * 8


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({}, "src/predictor.py is not in the package"),
        ({"src/predictor.py": "x = 1"}, "src/predictor.py has no class Predictor"),
        ({"src/predictor.py": "Predictor = 1"}, "src/predictor.py has no class Predictor"),
        ({"src/predictor.py": "class Predictor: pass"}, "has no predict method"),
        ({"src/predictor.py": "import nonexistent"}, "needs the Python module 'nonexistent'"),
        ({"src/predictor.py": "def f(:"}, "SyntaxError"),
        ({"src/predictor.py": "raise SystemExit(0)"}, "SystemExit"),
        (predictor("return []", setup="raise ValueError('no weights')"), "ValueError: no weights"),
    ],
)
def test_a_predictor_that_cannot_be_made_fails_to_load_with_the_reason(
    serve_package: ServePackage, files: dict[str, str], reason: str
) -> None:
    with pytest.raises(LoadFailed, match=reason):
        serve_package(files)


SIGNATURE = {
    "inputs": [
        {"name": "age", "type": "float64", "shape": [-1]},
        {"name": "city", "type": "string", "shape": [-1]},
        {"name": "member", "type": "bool", "shape": [-1], "optional": True},
        {"name": "history", "type": "float64", "shape": [-1, 2], "optional": True},
    ]
}


@pytest.mark.parametrize(
    ("instance", "message"),
    [
        ({"age": 1, "city": "a"}, None),
        ({"age": None, "city": None, "member": False, "history": [1, None]}, None),
        ([1.5, "a", True, [1, 2]], None),
        ({"age": "1", "city": "a"}, 'age: expected a number, got "1"'),
        ({"age": 1, "city": 2}, "city: expected a string, got 2"),
        ({"age": 1}, "city: is missing"),
        ({"age": 1, "city": "a", "member": 1}, "member: expected true or false, got 1"),
        ({"age": 1, "city": "a", "history": [1]}, "history: expected 2 values, got a list of 1"),
        ({"age": 1, "city": "a", "history": [1, "2"]}, 'history: expected a number, got "2"'),
        ({"age": 1, "city": "a", "zip": 2}, "zip: is not one of the model's inputs"),
        ([1, "a"], "expected 4 values (age, city, member, history), got 2"),
        ("a", "expected a list or an object of age, city, member, history"),
    ],
)
def test_a_declared_signature_is_held(
    serve_package: ServePackage, instance: Any, message: str | None
) -> None:
    client = serve_package(predictor("return [True] * len(instances)"), signature=SIGNATURE)
    answer = client.post("/predict", json={"instances": [instance]})
    if message is None:
        assert answer.json()["predictions"] == [True]
    else:
        assert answer.status_code == 400
        assert message in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("type_name", "shape", "instance", "message"),
    [
        ("float32", [-1, 3], [1, 2.5, None], None),
        ("float32", [-1, 3], 0, "expected 3 values, got 0"),
        ("float32", [-1, 3], None, "expected 3 values, got null"),
        ("float32", [-1, 3], [[1], 2, 3], "expected a single value, got a list of 1"),
        ("float32", [-1, 1], 4, None),
        ("float32", [-1, -1], 4, "expected a list, got 4"),
        ("float32", [-1, 2, 2], [[1, 2], [3, 4]], None),
        ("float32", [-1, 2, 2], [1, 2], "expected 2 values, got 1"),
        ("float32", [-1, 2, 2], [[1, 2], [3, "4"]], 'expected a number, got "4"'),
        ("float32", [-1], 1e39, "is out of range for float32"),
        ("float64", [-1, 1], [10**400], "is out of range for float64"),
        ("int64", [-1], 2.0, None),
        ("int64", [-1], 2.5, "expected a whole number, got 2.5"),
        ("uint8", [-1, 2], [1, 256], "is out of range for uint8"),
        ("string", [-1], {"text": "a"}, None),
        ("string", [-1, 1], [["a"]], "expected a single value, got a list of 1"),
    ],
)
def test_a_declared_shape_and_type_are_held_to_the_last_value(
    serve_package: ServePackage, type_name: str, shape: list[int], instance: Any, message: str
) -> None:
    signature = {"inputs": [{"name": "only", "type": type_name, "shape": shape}]}
    client = serve_package(predictor("return [True] * len(instances)"), signature=signature)
    answer = client.post("/predict", json={"instances": [instance]})
    if message is None:
        assert answer.json().get("predictions") == [True], answer.text
    else:
        assert answer.status_code == 400
        assert answer.json()["error"]["field"] == "only"
        assert message in answer.json()["error"]["message"]
