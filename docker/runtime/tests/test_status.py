"""Health, metadata, documentation."""

import re
import sys
from pathlib import Path

from conftest import Serve, client_of
from processes import wait_until
from served_models import document_of

from slipway_runtime import __version__
from slipway_runtime.description import description_of

SLOW_PREDICTOR = """
import threading
go = threading.Event()
class Predictor:
    def __init__(self, folder): go.wait(600)
    def predict(self, instances): return instances
"""


def test_is_alive_at_once_and_ready_when_the_model_is_loaded(
    tmp_path: Path, own_imports: None
) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "slow_start.py").write_text(SLOW_PREDICTOR)
    signature = {"inputs": [{"name": "x", "type": "float64", "shape": [-1]}]}
    description = description_of(
        document_of("custom")
        | {"predictor": {"file": "src/slow_start.py", "class": "Predictor"}}
        | {"signature": signature}
    )
    with client_of(description, tmp_path)[0] as client:
        assert client.get("/health").json() == {"status": "ok"}
        for path in ("/ready", "/ping", "/v2/health/ready", "/v2/models/custom/ready"):
            assert client.get(path).status_code == 503
        early = client.post("/predict", json={"instances": [1]})
        assert (early.status_code, early.headers["retry-after"]) == (503, "1")
        assert early.json()["error"]["code"] == "not_ready"
        metadata = client.get("/metadata").json()
        assert (metadata["ready"], metadata["inputs"][0]["name"]) == (False, "x")
        assert client.get("/docs").status_code == 200
        assert "slipway_model_ready 0.0" in client.get("/metrics").text
        wait_until(lambda: hasattr(sys.modules.get("src.slow_start"), "go"))
        sys.modules["src.slow_start"].go.set()
        wait_until(lambda: client.get("/ready").json() == {"status": "ready"})
        assert client.post("/predict", json={"instances": [1]}).json()["predictions"] == [1]


def test_metadata_tells_what_is_served_by_what(serve: Serve) -> None:
    metadata = serve("iris", metadata={"auc": 0.9}).get("/metadata").json()
    assert metadata["contentDigest"] == "sha256:" + "ab" * 32
    assert metadata["labels"] == {"team": "botany"}
    assert metadata["metadata"] == {"auc": 0.9}
    assert metadata["example"] == {"instances": [[5.1, 3.5, 1.4, 0.2]]}
    assert metadata["outputs"] == [{"name": "species", "type": "int64", "shape": [-1]}]
    assert metadata["runtime"]["version"] == __version__
    assert metadata["runtime"]["frameworks"]["scikit-learn"] == "1.9.1"


def test_the_page_of_documentation_needs_nothing_from_outside(serve: Serve) -> None:
    answer = serve("iris").get("/docs")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "petal_width" in answer.text
    assert '{"instances": [[5.1, 3.5, 1.4, 0.2]]}' in answer.text
    assert not re.search(r"""(src|href|url)\s*[=(]\s*["']?\s*(https?:)?//""", answer.text)
    assert "<script" not in answer.text


def test_what_a_package_says_of_itself_cannot_become_markup(serve: Serve) -> None:
    evil = "</pre><script>alert(1)</script>"
    client = serve(
        "custom",
        metadata={"a": evil},
        example={"instances": [evil]},
        labels={"b": evil},
        card={evil: evil},
    )
    assert "<script" not in client.get("/docs").text


def test_the_page_shows_the_model_card_and_what_the_model_needs(serve: Serve) -> None:
    resources = {"cpuMillis": 1500, "memoryBytes": 4 * 1024**3, "gpus": 1}
    client = serve("iris", card={"license": "mit", "tags": ["botany"]}, resources=resources)
    page = client.get("/docs").text
    assert "<h2>Model card</h2>" in page
    assert "<dt>license<dd>mit" in page
    assert "<dt>tags<dd>[&quot;botany&quot;]" in page
    assert "<dt>Resources<dd>1.5 CPU, 4096 MiB of memory, 1 GPU" in page
    metadata = client.get("/metadata").json()
    assert (metadata["card"]["license"], metadata["resources"]) == ("mit", resources)
    plain = serve("iris").get("/docs").text
    assert "Model card" not in plain
    assert "Resources" not in plain


def test_openapi_describes_predict_with_the_models_example(serve: Serve) -> None:
    client = serve("iris")
    document = client.get("/openapi.json").json()
    predict = document["paths"]["/predict"]["post"]
    body = predict["requestBody"]["content"]["application/json"]
    assert body["example"] == {"instances": [[5.1, 3.5, 1.4, 0.2]]}
    assert set(predict["responses"]) >= {"200", "400", "408", "413", "415", "500", "503", "504"}
    assert "/v2/models/{model}/infer" in document["paths"]
    assert "/invocations" in document["paths"]
