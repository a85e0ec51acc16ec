"""Weights in safetensors, and a Predictor that multiplies them: no framework but numpy."""

import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from makers.cases import write_cases


def make(folder: Path) -> None:
    pixels, digits = load_digits(return_X_y=True)
    model = LogisticRegression(C=0.01, max_iter=500).fit(pixels, digits)
    package = folder / "package"
    tensors = {
        "weights": np.ascontiguousarray(model.coef_.T, dtype=np.float32),
        "bias": model.intercept_.astype(np.float32),
    }
    save_file(tensors, package / "model" / "weights.safetensors")

    sys.path.insert(0, str(package / "src"))
    sys.modules.pop("predictor", None)
    from predictor import Predictor

    write_cases(
        folder,
        [pixels[:1].astype(int).tolist(), pixels[10:13].tolist()],
        Predictor(str(package / "model")).predict,
    )
