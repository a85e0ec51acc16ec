"""bare-model.py FILE ROWS SECONDS: how often a second a model can be asked where nothing is round it."""

import sys
import time

import numpy as np

file, rows, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
if file.endswith(".onnx"):
    import onnxruntime

    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: np.full((rows, 64), 0.5, np.float32)}

    def ask() -> None:
        session.run(None, feed)
else:
    import joblib

    model = joblib.load(file)
    values = np.array([[5.1, 3.5, 1.4, 0.2]] * rows)

    def ask() -> None:
        model.predict(values)


for _ in range(20):
    ask()
count, started = 0, time.perf_counter()
while (taken := time.perf_counter() - started) < seconds:
    ask()
    count += 1
print(count / taken)
