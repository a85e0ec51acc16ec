import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np


def load_pickle(path: Path) -> Any:
    with path.open("rb") as file:
        return pickle.load(file)


def load_config(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def as_table(instances: list, columns: list[str]) -> np.ndarray:
    """Lists or objects, in the order of `columns`; what is null becomes NaN."""
    rows = [[i[c] for c in columns] if isinstance(i, dict) else i for i in instances]
    return np.array([[np.nan if v is None else v for v in row] for row in rows], dtype=object)
