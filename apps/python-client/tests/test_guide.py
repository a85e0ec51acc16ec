"""docs/python-client.md does what it says, from its first example to its last."""

import re
from pathlib import Path
from typing import Any

import pytest
from conftest import SERVICE
from packages import small_package

from slipway_client import Slipway

ROOT = Path(__file__).parents[3]
EXAMPLES = re.findall(
    r"^```python\n(.*?)^```$", (ROOT / "docs/python-client.md").read_text(), re.S | re.M
)


def test_the_examples_run_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small_package(tmp_path / "model-package")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SLIPWAY_URL", SERVICE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with Slipway(progress=False) as client:
        digits = ROOT / "test/models/digits-onnx/package"
        client.push("digits", digits, version="1.0.0", wait=False)
    names: dict[str, Any] = {}
    for example in EXAMPLES:
        exec(compile(example, "docs/python-client.md", "exec"), names)
    names["slipway"].close()
    said = capsys.readouterr().out
    assert re.search(r"^1\.0\.0 \S+/churn@sha256:[0-9a-f]{64}$", said, re.M)
    assert re.search(r" 1\.0\.0 → 1\.1\.0|1\.1\.0 → 1\.0\.0 incident 42", said)
    assert "this was 1." in said
    assert "churn 1.1.0 {" in said
    assert "404 version_not_found" in said
    assert len(EXAMPLES) == 7
