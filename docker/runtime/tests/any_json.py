"""JSON of any shape, sent to a model on every wire."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from served_models import cases_of
from starlette.testclient import TestClient

# Some of the inputs of the models under test.
NAMES = ["age", "income", "weather", "alcohol", "rooms", "point", "text", "east", "input"]

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(NAMES) | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
tensors = st.fixed_dictionaries(
    {
        "name": st.sampled_from(NAMES),
        "datatype": st.sampled_from(["FP32", "FP64", "INT64", "UINT8", "BYTES", "BOOL"]),
        "shape": st.lists(st.integers(0, 4), max_size=3),
        "data": st.lists(st.integers(-300, 300) | st.floats(-1e300, 1e300) | json_values),
    }
)
bodies = (
    st.fixed_dictionaries({"instances": st.lists(json_values, max_size=4)})
    | st.fixed_dictionaries({"inputs": st.dictionaries(st.text(max_size=3), json_values)})
    | st.fixed_dictionaries({"inputs": st.lists(tensors, max_size=3)})
    | json_values
)


def send_any_json(client: TestClient, name: str) -> None:
    """Asserts that the model is never blamed for it, and is asked as before when it is over."""

    @settings(
        max_examples=60,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(body=bodies)
    def send(body: Any) -> None:
        model = name.removeprefix("slow/")
        for path in ("/predict", "/invocations", f"/v2/models/{model}/infer"):
            answer = client.post(path, json=body)
            assert answer.status_code in (200, 400), (path, body, answer.text)

    send()
    assert is_well(client, name)


def is_well(client: TestClient, name: str) -> bool:
    case = cases_of(name)[0]
    answer = client.post("/predict", json=case["request"]).json()
    return len(answer.get("predictions", [])) == len(case["predictions"])
