"""What /metrics counts, and that it cannot be made to grow without end."""

from typing import Any

from conftest import Serve
from prometheus_client.parser import text_string_to_metric_families
from served_models import IRIS_COLUMNS
from starlette.testclient import TestClient

from slipway_runtime.server.value_statistics import (
    MAX_CLASSES,
    MAX_FEATURES,
    MAX_INSTANCES_OF_A_REQUEST,
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


def test_statistics_stay_bounded_whatever_is_sent() -> None:
    statistics = ModelStatistics()
    statistics.observe_inputs({f"f{i}": [1.0] for i in range(500)})
    statistics.observe_inputs({f"g{i}": [1.0] for i in range(500)})
    statistics.observe_inputs({"f0": list(range(10_000))})
    statistics.observe_outputs({"p": [f"class {i}" for i in range(90)]})
    families = {family.name: family.samples for family in statistics.collect()}
    assert len(families["slipway_input_max"]) == MAX_FEATURES
    counts = {s.labels["feature"]: s.value for s in families["slipway_input_value"]
              if s.name.endswith("count")}  # fmt: skip
    assert counts["f0"] == 1 + MAX_INSTANCES_OF_A_REQUEST
    classes = {s.labels["class"]: s.value for s in families["slipway_output_class"]}
    assert len(classes) == MAX_CLASSES + 1
    assert classes[OTHER_CLASS] == 90 - MAX_CLASSES


def test_numbers_that_no_float_can_hold_do_no_harm() -> None:
    statistics = ModelStatistics()
    statistics.observe_inputs(
        {"x": [10**400, float("inf"), float("nan"), True, 2, "text", None, []]}
    )
    families = {family.name: family.samples for family in statistics.collect()}
    assert families["slipway_input_max"][0].value == 2
