"""`cases.json`: a list of {"request": {"instances": […]}, "predictions": […]}."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def write_cases(
    folder: Path, batches: list[list[Any]], answer: Callable[[list[Any]], list[Any]]
) -> None:
    """Writes one case for each batch of instances, with what `answer` says to it."""
    cases = [
        {"request": {"instances": instances}, "predictions": answer(instances)}
        for instances in batches
    ]
    lines = ",\n".join(json.dumps(case, ensure_ascii=False, allow_nan=False) for case in cases)
    (folder / "cases.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
