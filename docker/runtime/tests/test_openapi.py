"""A served model keeps to its OpenAPI document, whatever is sent: schemathesis, by format."""

import subprocess
import sys
from pathlib import Path

import pytest
from processes import environment, server
from served_models import cases_of, document_of, package_of

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")

SEED = 20261130

# Not run: it takes whatever fits the document for something that must be accepted, and what a
# model takes is in no document.
LEFT_OUT = "positive_data_acceptance"

FORMATS = {
    "sklearn": "titanic",
    "xgboost": "loans-xgboost",
    "lightgbm": "rides-lightgbm",
    "onnx": "scorer-onnx",
    "mlflow": "wine-mlflow",
    "python": "digits-safetensors",
}


# What is the same for every format is sent to one.
PREDICTIONS = ["--include-path-regex", "^/(predict|invocations|v2/models/[^/]+/infer)$"]


@pytest.mark.parametrize("name", FORMATS.values(), ids=FORMATS)
def test_schemathesis_finds_nothing_that_the_document_does_not_promise(
    tmp_path: Path, name: str
) -> None:
    routes = [] if name == FORMATS["python"] else PREDICTIONS
    with server(environment(tmp_path, document_of(name), package_of(name)), stdout=None) as served:
        served.wait_for("/ready")
        checks = ["--checks", "all", "--exclude-checks", LEFT_OUT, "--seed", str(SEED)]
        extent = ["--phases", "examples,coverage,fuzzing", "--max-examples", "5", "--workers", "1"]
        # How long it takes to think of a request says nothing of the server.
        checks += ["--suppress-health-check", "too_slow", "--request-timeout", "60"]
        found = subprocess.run(
            [SCHEMATHESIS, "run", f"{served.address}/openapi.json", *checks, *extent, *routes],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert found.returncode == 0, found.stdout[-10_000:]
        case = cases_of(name)[0]
        assert served.predict(case["request"]["instances"]) == case["predictions"]
