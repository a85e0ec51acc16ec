"""ONNX with one input and one output, converted from scikit-learn."""

from pathlib import Path

import numpy as np
import onnxruntime
from skl2onnx import to_onnx
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from makers.cases import write_cases


def make(folder: Path) -> None:
    pixels, digits = load_digits(return_X_y=True)
    pixels = pixels.astype(np.float32)
    classifier = LogisticRegression(C=0.01, max_iter=500).fit(pixels, digits)
    graph = to_onnx(
        classifier,
        pixels[:1],
        name="digits",
        options={"zipmap": False},
        target_opset={"": 17, "ai.onnx.ml": 3},
    )
    del graph.graph.output[1]  # only the label: the case of a single output
    model = graph.SerializeToString(deterministic=True)
    (folder / "package" / "model.onnx").write_bytes(model)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    assert session.run(None, {"X": pixels})[0].tolist() == classifier.predict(pixels).tolist()

    def answer(instances: list) -> list:
        rows = [i["X"] if isinstance(i, dict) else i for i in instances]
        return session.run(None, {"X": np.array(rows, dtype=np.float32)})[0].tolist()

    integers = pixels.astype(int)
    write_cases(
        folder,
        [
            integers[:1].tolist(),
            pixels[10:15].tolist(),
            [{"X": row} for row in integers[20:22].tolist()],
            [[0] * 64, [16] * 64],
        ],
        answer,
    )
