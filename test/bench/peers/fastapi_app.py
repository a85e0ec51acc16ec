"""What the packaging guide means by a FastAPI app: `uvicorn fastapi_app:app`, MODEL being a file."""

import os

import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel

file = os.environ["MODEL"]
if file.endswith(".onnx"):
    import onnxruntime

    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def predicted(rows: list[list[float]]) -> list:
        return session.run(None, {name: np.array(rows, np.float32)})[0].tolist()
else:
    import joblib

    model = joblib.load(file)

    def predicted(rows: list[list[float]]) -> list:
        return model.predict(np.array(rows)).tolist()


app = FastAPI()


class Instances(BaseModel):
    instances: list[list[float]]


@app.post("/predict")
def predict(request: Instances) -> dict:
    return {"predictions": predicted(request.instances)}
