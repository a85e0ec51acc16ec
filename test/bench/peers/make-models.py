"""make-models.py FOLDER: two models of test/models, as other servers want them.

FOLDER/iris.joblib         a Pipeline of the preprocessor and the model
FOLDER/digits.onnx
FOLDER/mlflow-iris/, mlflow-digits/     MLmodel folders
FOLDER/mlserver/iris/model-settings.json
FOLDER/iris.json, digits.json           what an image of Slipway's says of the packages
"""

import json
import shutil
import sys
import warnings
from pathlib import Path

import joblib
import mlflow.onnx
import mlflow.sklearn
import numpy as np
import onnx
from mlflow.models import infer_signature
from sklearn.pipeline import make_pipeline

warnings.simplefilter("ignore")
models = Path(__file__).parents[2] / "models"
folder = Path(sys.argv[1])
iris = models / "iris" / "package" / "model"
pipeline = make_pipeline(joblib.load(iris / "preprocessor.pkl"), joblib.load(iris / "model.pkl"))
joblib.dump(pipeline, folder / "iris.joblib")
graph = models / "digits-onnx" / "package" / "model.onnx"
shutil.copy(graph, folder / "digits.onnx")
mlflow.sklearn.save_model(
    pipeline,
    folder / "mlflow-iris",
    serialization_format="cloudpickle",
    signature=infer_signature(np.zeros((1, 4))),
    pip_requirements=[],
)
mlflow.onnx.save_model(
    onnx.load(graph),
    folder / "mlflow-digits",
    signature=infer_signature(np.zeros((1, 64), np.float32)),
    pip_requirements=[],
)
served = folder / "mlserver" / "iris"
served.mkdir(parents=True)
(served / "model-settings.json").write_text(
    json.dumps(
        {
            "name": "iris",
            "implementation": "mlserver_sklearn.SKLearnModel",
            "parameters": {"uri": str(folder / "iris.joblib")},
        }
    )
)

described = {
    "iris": {
        "format": "sklearn",
        "modelFile": "model/model.pkl",
        "preprocessorFile": "model/preprocessor.pkl",
    },
    "digits": {"format": "onnx", "modelFile": "model.onnx"},
}
for name, description in described.items():
    document = {"model": name, "version": "1.0.0", "contentDigest": "sha256:0", **description}
    (folder / f"{name}.json").write_text(json.dumps(document))
