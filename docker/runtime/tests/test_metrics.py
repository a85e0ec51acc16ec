"""What /metrics counts, and that it cannot be made to grow without end."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import Serve
from processes import environment, server
from prometheus_client.parser import text_string_to_metric_families
from served_models import IRIS_COLUMNS, document_of, package_of
from starlette.testclient import TestClient

from slipway_runtime import value_statistics
from slipway_runtime.quantile_sketch import ACCURACY, MAX_BUCKETS, QuantileSketch
from slipway_runtime.value_statistics import (
    MAX_CLASSES,
    MAX_FEATURES,
    MAX_INSTANCES_OF_A_REQUEST,
    MAX_VALUES_OF_A_SECOND,
    OTHER_CLASS,
    ModelStatistics,
)


def samples(client: TestClient) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    families = text_string_to_metric_families(client.get("/metrics").text)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def value(client: TestClient, name: str, **labels: str) -> float | None:
    return samples(client).get((name, tuple(sorted(labels.items()))))


def post(client: TestClient, instances: list[Any]) -> None:
    client.post("/predict", json={"instances": instances})


def test_requests_errors_and_instances_are_counted(serve: Serve) -> None:
    client = serve("iris")
    post(client, [[5.1, 3.5, 1.4, 0.2], [6, 3, 5, 2]])
    post(client, [[1, 2]])
    client.get("/wp-login.php")
    client.get("/wp-admin.php")
    counted = {"method": "POST", "path": "/predict"}
    assert value(client, "slipway_requests_total", **counted, status="200") == 1
    assert value(client, "slipway_requests_total", **counted, status="400") == 1
    unmatched = {"method": "(unmatched)", "path": "(unmatched)"}
    assert value(client, "slipway_requests_total", **unmatched, status="404") == 2
    assert value(client, "slipway_request_duration_seconds_count", path="/predict") == 2
    assert value(client, "slipway_prediction_errors_total", code="invalid_instance") == 1
    assert value(client, "slipway_instances_predicted_total") == 2
    assert value(client, "slipway_requests_in_flight") == 1  # the one that asks
    assert value(client, "slipway_model_ready") == 1


def test_the_version_in_use_is_told(serve: Serve) -> None:
    info = [key for key in samples(serve("custom")) if key[0] == "slipway_model_info"]
    labels = dict(info[0][1])
    assert (labels["model"], labels["version"]) == ("custom", "1.0.0")
    assert labels["content_digest"].startswith("sha256:abab")


def test_values_going_in_and_coming_out_are_summed_up(serve: Serve) -> None:
    client = serve("iris")
    post(client, [[5, 3.5, 1.4, 0.2], [7, None, 5, 2]])
    post(client, [dict(zip(IRIS_COLUMNS, [6, 3, 5, 2], strict=True))])
    client.post(
        "/predict",
        json={"inputs": {n: [v] for n, v in zip(IRIS_COLUMNS, [9, 3, 5, 2], strict=True)}},
    )
    assert value(client, "slipway_input_value_count", feature="sepal_length") == 4
    assert value(client, "slipway_input_value_sum", feature="sepal_length") == 27
    assert value(client, "slipway_input_min", feature="sepal_length") == 5
    assert value(client, "slipway_input_max", feature="sepal_length") == 9
    assert value(client, "slipway_input_value_count", feature="sepal_width") == 3
    assert value(client, "slipway_input_missing_total", feature="sepal_width") == 1
    assert value(client, "slipway_output_class_total", output="species", **{"class": "2"}) == 3


def test_tensors_are_summed_up_too(serve: Serve) -> None:
    client = serve("digits-onnx")
    tensor = {"name": "X", "shape": [1, 64], "datatype": "FP32", "data": [3] * 64}
    client.post("/v2/models/digits-onnx/infer", json={"inputs": [tensor]})
    post(client, [[5] * 64])
    assert value(client, "slipway_input_value_sum", feature="X[7]") == 8
    assert value(client, "slipway_instances_predicted_total") == 2
    features = [key for key in samples(client) if key[0] == "slipway_input_max"]
    assert len(features) == MAX_FEATURES


def test_text_is_counted_only_as_a_class_of_outputs(serve: Serve) -> None:
    client = serve("sentiment")
    post(client, ["wonderful secret", "awful"])
    assert "secret" not in client.get("/metrics").text
    classes = {"output": "prediction", "class": "positive"}
    assert value(client, "slipway_output_class_total", **classes) == 1


def observe(statistics: ModelStatistics, inputs: Any, outputs: Any) -> None:
    statistics.observe(1, lambda: (inputs, outputs))


def test_a_second_has_so_many_values_that_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    statistics = ModelStatistics()
    for second in (1, 2):
        clock = SimpleNamespace(monotonic=lambda now=second: now)
        monkeypatch.setattr(value_statistics, "time", clock)
        for _ in range(1000):
            observe(statistics, {"x": [1.0] * MAX_INSTANCES_OF_A_REQUEST}, {})
        assert statistics.instances == second * 1000
        assert statistics.inputs["x"].count == second * MAX_VALUES_OF_A_SECOND


def test_statistics_stay_bounded_whatever_is_sent() -> None:
    statistics = ModelStatistics()
    observe(statistics, {f"f{i}": [1.0] for i in range(500)}, {})
    observe(statistics, {f"g{i}": [1.0] for i in range(500)}, {})
    observe(statistics, {"f0": list(range(10_000))}, {})
    observe(statistics, {"f1": [10.0**i for i in range(-300, 300)]}, {})
    observe(statistics, {}, {"p": [f"class {i}" for i in range(90)]})
    taken = json.dumps(statistics.taken())
    merged = ModelStatistics()
    for _ in range(2):
        merged.merge(json.loads(taken))
    assert len(merged.inputs) == MAX_FEATURES
    assert merged.inputs["f0"].count == 2 * (1 + MAX_INSTANCES_OF_A_REQUEST)
    assert len(merged.inputs["f1"].sketch.buckets) <= MAX_BUCKETS
    classes = merged.outputs["p"].classes
    assert len(classes) == MAX_CLASSES + 1
    assert classes[OTHER_CLASS] == 2 * (90 - MAX_CLASSES)
    assert statistics.instances == 0  # what was taken is counted anew


def test_numbers_that_no_float_can_hold_do_no_harm() -> None:
    statistics = ModelStatistics()
    values = [10**400, float("inf"), float("nan"), True, 2, "text", None, []]
    observe(statistics, {"x": values}, {})
    assert (statistics.inputs["x"].count, statistics.inputs["x"].largest) == (2, 2)


def test_quantiles_are_within_their_accuracy_also_of_two_sketches() -> None:
    numbers = [(-1) ** i * 1.37**i for i in range(-40, 40)] + [0.0] * 20
    whole, half = QuantileSketch(), QuantileSketch()
    whole.add(numbers[:50])
    half.add(numbers[50:])
    whole.merge(half)
    for share in (0.0, 0.05, 0.3, 0.5, 0.9, 1.0):
        exact = sorted(numbers)[int(share * (len(numbers) - 1))]
        assert whole.quantile(share) == pytest.approx(exact, rel=ACCURACY * 1.01)


def test_a_value_that_is_refused_is_counted_by_its_feature(serve: Serve) -> None:
    client = serve("iris")
    post(client, [[5, "3.5", 1.4, 0.2]])
    post(client, [[5, 10**400, 1.4, 0.2]])
    client.post("/predict", json={"instances": [dict.fromkeys([*IRIS_COLUMNS, "junk"], 1)]})
    assert value(client, "slipway_input_refused_total", feature="sepal_width") == 2
    assert value(client, "slipway_input_refused_total", feature="junk") is None


def test_quantiles_of_a_feature_are_shown(serve: Serve) -> None:
    client = serve("iris")
    post(client, [[i, 3, 5, 2] for i in range(1, 101)])
    for quantile, expected in (("0.05", 5), ("0.5", 50), ("0.95", 95)):
        labels = {"feature": "sepal_length", "quantile": quantile}
        shown = value(client, "slipway_input_value", **labels)
        assert shown == pytest.approx(expected, rel=ACCURACY * 1.2)


def test_values_are_not_counted_where_a_setting_says_so(tmp_path: Path) -> None:
    settings = {"VALUE_STATISTICS": "off"}
    with server(
        environment(tmp_path, document_of("custom"), package_of("custom"), **settings)
    ) as s:
        s.wait_for("/ready")
        s.predict(["the dog"])
        assert "slipway_output_class_total{" not in s.text("/metrics")
