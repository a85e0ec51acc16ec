"""The Python of docs/runtimes.md, by format."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[3] / "docs" / "runtimes.md"


def snippets() -> dict[str, str]:
    sections = re.split(r"^### (\w+)$", PAGE.read_text("utf-8"), flags=re.MULTILINE)[1:]
    pairs = zip(sections[::2], sections[1::2], strict=True)
    return {name: code_of(text) for name, text in pairs}


def code_of(section: str) -> str:
    found = re.search(r"^```python\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert found is not None, section
    return found[1]


def package_by(format_name: str, folder: Path, **environment: str) -> None:
    """Runs the format's snippet in `folder`, as a process of its own."""
    (folder / "model").mkdir()
    command = [sys.executable, "-W", "ignore", "-c", snippets()[format_name]]
    subprocess.run(command, cwd=folder, check=True, timeout=300, env=environment or None)


def document_of_snippet(format_name: str, file: str, **more: Any) -> dict[str, Any]:
    return {"model": "m", "version": "1.0.0", "contentDigest": ""} | {
        "format": format_name,
        "modelFile": file,
        **more,
    }
