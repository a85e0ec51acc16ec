"""Clients that others have, as they are, get right answers."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from processes import PATIENCE_SECONDS, Server, environment, server
from served_models import IRIS_COLUMNS, document_of, package_of

pytestmark = pytest.mark.filterwarnings("ignore")  # of the clients' own

ROWS = [[5.1, 3.5, 1.4, 0.2], [6, 3, 5, 2]]


@pytest.fixture(scope="module")
def iris(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from _served("iris", tmp_path_factory.mktemp("iris"))


@pytest.fixture(scope="module")
def scorer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from _served("scorer-onnx", tmp_path_factory.mktemp("scorer"))


def _served(name: str, folder: Path) -> Iterator[Server]:
    with server(environment(folder, document_of(name), package_of(name))) as served:
        served.wait_for("/ready")
        yield served


def test_mlflows_scoring_client(iris: Server) -> None:
    from mlflow.pyfunc.scoring_server.client import ScoringServerClient

    client = ScoringServerClient("127.0.0.1", iris.port)
    client.wait_server_ready(PATIENCE_SECONDS)
    assert client.get_version() == "0.1.0"
    for data in (pd.DataFrame(ROWS, columns=IRIS_COLUMNS), np.array(ROWS)):
        assert client.invoke(data).get_predictions()[0].tolist() == [0, 2]
    with pytest.raises(Exception, match=r"error code 400.*sepal_width: is missing"):
        client.invoke(pd.DataFrame({"sepal_length": [1.0]}))


@pytest.mark.parametrize("binary", [False, True])
def test_tritons_client_asks_scikit_learn(iris: Server, binary: bool) -> None:
    import tritonclient.http as triton

    with triton.InferenceServerClient(f"127.0.0.1:{iris.port}") as client:
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("iris", "1.0.0")
        assert client.get_model_metadata("iris")["inputs"][0]["datatype"] == "FP64"
        rows = triton.InferInput("rows", [2, 4], "FP64")
        rows.set_data_from_numpy(np.array(ROWS), binary_data=binary)
        wanted = triton.InferRequestedOutput("species", binary_data=binary)
        answer = client.infer("iris", [rows], outputs=[wanted], request_id="7")
        assert answer.as_numpy("species").tolist() == [0, 2]
        assert answer.get_response()["id"] == "7"
        assert client.infer("iris", [rows]).as_numpy("species").tolist() == [0, 2]
        with pytest.raises(triton.InferenceServerException, match=r"\[404\] other is not served"):
            client.infer("other", [rows])


@pytest.mark.parametrize("binary", [False, True])
def test_tritons_client_asks_onnx_for_every_kind_of_tensor(scorer: Server, binary: bool) -> None:
    import tritonclient.http as triton

    values = {
        "amount": ("FP32", np.array([120.5, 10], np.float32)),
        "visits": ("INT64", np.array([3, 12])),
        "country": ("BYTES", np.array(["GR", "JP"], np.object_)),
        "member": ("BOOL", np.array([True, False])),
        "history": ("FP32", np.array([[0.1, 0.2, 0.3], [0, 0, 0]], np.float32)),
    }
    inputs = []
    for name, (datatype, array) in values.items():
        tensor = triton.InferInput(name, list(array.shape), datatype)
        tensor.set_data_from_numpy(array, binary_data=binary)
        inputs.append(tensor)
    with triton.InferenceServerClient(f"127.0.0.1:{scorer.port}") as client:
        answer = client.infer("scorer-onnx", inputs)
    assert answer.as_numpy("approved").tolist() == [False, True]
    assert answer.as_numpy("tier").tolist() == ["standard", "gold"]


@pytest.mark.parametrize(
    ("header", "body", "message"),
    [
        ("x", b"{}", "must be a length within the body"),
        ("99", b"{}", "must be a length within the body"),
        ("9" * 5000, b"{}", "must be a length within the body"),
        ("2", b"{}x", "1 bytes belong to no input"),
        ("1", b"{}", "not JSON"),
    ],
)
def test_a_body_that_is_not_as_its_header_says_is_400(
    iris: Server, header: str, body: bytes, message: str
) -> None:
    head = (
        "POST /v2/models/iris/infer HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Inference-Header-Content-Length: {header}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    answer = iris.raw(head.encode() + body)
    assert answer.startswith(b"HTTP/1.1 400")
    assert message.encode() in answer


@pytest.mark.parametrize(
    ("datatype", "size", "message"),
    [("FP64", 99, "there are not 99 bytes"), ("FP64", 7, "not FP64"), ("BYTES", 7, "not BYTES")],
)
def test_tensors_of_a_wrong_length_are_400(
    iris: Server, datatype: str, size: int, message: str
) -> None:
    document = (
        f'{{"inputs":[{{"name":"a","shape":[1],"datatype":"{datatype}",'
        f'"parameters":{{"binary_data_size":{size}}}}}]}}'
    ).encode()
    body = document + b"\xff" * 7
    head = (
        "POST /v2/models/iris/infer HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Inference-Header-Content-Length: {len(document)}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    answer = iris.raw(head.encode() + body)
    assert answer.startswith(b"HTTP/1.1 400")
    assert message.encode() in answer
