"""`model.json`: what an image serves, written beside the runtime when the image is made.

{"model": "churn", "version": "1.0.0", "contentDigest": "sha256:…",
 "format": "sklearn" | "xgboost" | …,                 `loading.FORMATS`
 "modelFile": "model/model.pkl" | "model" | "." | null,   within the package: a file or a folder
 "preprocessorFile": "model/preprocessor.pkl" | null,
 "predictor": {"file": "src/predictor.py", "class": "Predictor"} | null,
 "signature": {"inputs": [{"name", "type", "shape", "optional"}], "outputs": […]} | null,
 "example": {"instances": […]} | null,
 "labels": {…}, "metadata": {…},
 "resources": {"cpuMillis": 2000 | null, "memoryBytes": … | null, "gpus": 0},
 "card": {…}}              README.md's front matter; both are left out where they say nothing
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slipway_runtime.datatypes import ANY, OPEN_INFERENCE
from slipway_runtime.errors import LoadFailed


@dataclass(frozen=True)
class TensorSpec:
    """One input or output. The first dimension is the instance's; -1 is a variable one."""

    name: str
    type: str
    shape: tuple[int, ...]
    optional: bool = False


@dataclass(frozen=True)
class Signature:
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]


@dataclass(frozen=True)
class PredictorClass:
    file: str
    name: str


@dataclass(frozen=True)
class ModelDescription:
    model: str
    version: str
    content_digest: str
    format: str
    model_file: str | None = None
    preprocessor_file: str | None = None
    predictor: PredictorClass | None = None
    signature: Signature | None = None
    example: Any = None
    labels: Mapping[str, Any] = field(default_factory=dict)
    metadata: Any = field(default_factory=dict)
    resources: Mapping[str, Any] = field(default_factory=dict)
    card: Mapping[str, Any] = field(default_factory=dict)


def read_description(path: Path) -> ModelDescription:
    """Throws `LoadFailed` when the file is not there or is not what this page's head draws."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return description_of(document)
    except OSError as error:
        raise LoadFailed(f"cannot read {path}: {error.strerror}") from error
    except (KeyError, TypeError, ValueError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise LoadFailed(f"{path} does not describe a model: {reason}") from error


def description_of(document: dict[str, Any]) -> ModelDescription:
    predictor = document.get("predictor")
    signature = document.get("signature")
    return ModelDescription(
        model=document["model"],
        version=document["version"],
        content_digest=document["contentDigest"],
        format="python" if predictor else document["format"],
        model_file=document.get("modelFile"),
        preprocessor_file=document.get("preprocessorFile"),
        predictor=predictor and PredictorClass(predictor["file"], predictor["class"]),
        signature=signature
        and Signature(
            inputs=tuple(map(spec_of, signature.get("inputs") or [])),
            outputs=tuple(map(spec_of, signature.get("outputs") or [])),
        ),
        example=document.get("example"),
        labels=document.get("labels") or {},
        metadata=document.get("metadata") or {},
        resources=document.get("resources") or {},
        card=document.get("card") or {},
    )


def spec_of(document: dict[str, Any]) -> TensorSpec:
    spec = TensorSpec(
        name=document["name"],
        type=document["type"],
        shape=tuple(document.get("shape") or [-1]),
        optional=bool(document.get("optional")),
    )
    if spec.type != ANY and spec.type not in OPEN_INFERENCE:
        known = ", ".join(OPEN_INFERENCE)
        raise ValueError(f"{spec.name!r} has type {spec.type!r}, which is none of {known}")
    return spec


def spec_view(spec: TensorSpec) -> dict[str, Any]:
    view = {"name": spec.name, "type": spec.type, "shape": list(spec.shape)}
    return {**view, "optional": True} if spec.optional else view
