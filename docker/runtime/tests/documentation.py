"""The Python of docs/runtimes.md, by format."""

import re
import warnings
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "runtimes.md"


def snippets() -> dict[str, str]:
    sections = re.split(r"^### (\w+)$", PAGE.read_text("utf-8"), flags=re.MULTILINE)[1:]
    pairs = zip(sections[::2], sections[1::2], strict=True)
    return {name: code_of(text) for name, text in pairs}


def code_of(section: str) -> str:
    found = re.search(r"^```python\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert found is not None, section
    return found[1]


def package_by(format_name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs the format's snippet in `folder`."""
    (folder / "model").mkdir()
    monkeypatch.chdir(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(snippets()[format_name], f"{PAGE}: {format_name}", "exec"), {})


def document_of_snippet(format_name: str, file: str, **more: Any) -> dict[str, Any]:
    return {"model": "m", "version": "1.0.0", "contentDigest": ""} | {
        "format": format_name,
        "modelFile": file,
        **more,
    }
