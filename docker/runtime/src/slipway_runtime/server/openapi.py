"""`/openapi.json`: what the routes take and answer, as OpenAPI 3.1."""

from typing import Any

from slipway_runtime.description import ModelDescription

PREDICT_DESCRIPTION = """One prediction for each instance, in their order.

An instance is a list in the order of the model's inputs, an object by their names, or a scalar
where the model takes one text or number. `null` is a missing value. `inputs` has the same by
columns."""

ERROR_SCHEMA = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "instance": {"type": "integer", "description": "index of the instance at fault"},
                "field": {
                    "type": ["string", "integer"],
                    "description": "its column, by name or by position",
                },
            },
        }
    },
}

PREDICT_REQUEST_SCHEMA = {
    "oneOf": [
        {
            "type": "object",
            "required": ["instances"],
            "properties": {"instances": {"type": "array", "items": {}}},
            "additionalProperties": False,
        },
        {
            "type": "object",
            "required": ["inputs"],
            "properties": {
                "inputs": {
                    "type": "object",
                    "minProperties": 1,
                    "additionalProperties": {"type": "array", "items": {}},
                }
            },
            "additionalProperties": False,
        },
    ]
}

INFER_REQUEST_SCHEMA = {
    "type": "object",
    "required": ["inputs"],
    "properties": {
        "id": {"type": "string"},
        "parameters": {"type": "object"},
        "inputs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "shape", "datatype", "data"],
                "properties": {
                    "name": {"type": "string"},
                    "shape": {"type": "array", "items": {"type": "integer"}},
                    "datatype": {"type": "string"},
                    "parameters": {"type": "object"},
                    "data": {"type": "array", "description": "row-major, nested or flat"},
                },
            },
        },
        "outputs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string"}},
            },
        },
    },
}

INVOCATIONS_REQUEST_SCHEMA = {
    "type": "object",
    "oneOf": [
        {"required": [kind]}
        for kind in ("dataframe_split", "dataframe_records", "instances", "inputs")
    ],
    "properties": {
        "dataframe_split": {
            "type": "object",
            "required": ["columns", "data"],
            "properties": {
                "columns": {"type": "array", "items": {}},
                "data": {"type": "array", "items": {"type": "array", "items": {}}},
            },
        },
        "dataframe_records": {"type": "array", "items": {"type": "object"}},
        "instances": {"type": "array", "items": {}},
        "inputs": {},
    },
}

PREDICT_ANSWER_SCHEMA = {
    "type": "object",
    "required": ["predictions", "model", "version"],
    "properties": {
        "predictions": {"type": "array", "items": {}},
        "model": {"type": "string"},
        "version": {"type": "string"},
    },
}

OPEN_INFERENCE_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string"}},
}
MLFLOW_ERROR = {
    "type": "object",
    "required": ["error_code", "message"],
    "properties": {"error_code": {"type": "string"}, "message": {"type": "string"}},
}

REFUSALS = {
    "400": "The instances do not fit the model",
    "408": "The body was not there in time",
    "413": "The body is too large",
    "415": "The body is not JSON",
    "500": "The model failed",
    "503": "No worker is there, or too many requests wait for one",
    "504": "The prediction took too long",
}


def openapi_document(description: ModelDescription) -> dict[str, Any]:
    predict = _prediction("Predict", PREDICT_REQUEST_SCHEMA, PREDICT_ANSWER_SCHEMA, ERROR_SCHEMA)
    predict["description"] = PREDICT_DESCRIPTION
    if description.example is not None:
        predict["requestBody"]["content"]["application/json"]["example"] = description.example
    infer = _prediction(
        "Predict by the Open Inference Protocol v2",
        INFER_REQUEST_SCHEMA,
        {"type": "object"},
        OPEN_INFERENCE_ERROR,
    )
    infer["responses"]["404"] = _json("Another model or version", OPEN_INFERENCE_ERROR)
    invocations = _prediction(
        "Predict as MLflow has it", INVOCATIONS_REQUEST_SCHEMA, {"type": "object"}, MLFLOW_ERROR
    )
    paths: dict[str, Any] = {
        "/predict": {"post": predict},
        "/health": _get("200 while the process is well", "503"),
        "/ready": _get("200 while predictions can be asked for", "503"),
        "/metadata": _get("What is served, by what"),
        "/metrics": _get("Prometheus metrics"),
        "/invocations": {"post": invocations},
        "/ping": _get("As /ready", "503"),
        "/version": _get("The version of slipway-runtime"),
        "/v2": _get("The server"),
        "/v2/health/live": _get("As /health"),
        "/v2/health/ready": _get("As /ready", "503"),
    }
    served = {"model": description.model, "version": description.version}
    for path, names in (
        ("/v2/models/{model}", ["model"]),
        ("/v2/models/{model}/versions/{version}", ["model", "version"]),
    ):
        paths[path] = _get("The model's inputs and outputs", "404", "503")
        paths[f"{path}/ready"] = _get("As /ready", "404", "503")
        paths[f"{path}/infer"] = {"post": infer}
        for of_model in (path, f"{path}/ready", f"{path}/infer"):
            paths[of_model]["parameters"] = [
                {
                    "name": name,
                    "in": "path",
                    "required": True,
                    "schema": {"type": "string", "enum": [served[name]]},
                }
                for name in names
            ]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{description.model} {description.version}",
            "version": description.version,
        },
        "paths": paths,
    }


def _prediction(
    summary: str, request: dict[str, Any], answer: dict[str, Any], error: dict[str, Any]
) -> dict[str, Any]:
    return {
        "summary": summary,
        "requestBody": {"required": True, "content": {"application/json": {"schema": request}}},
        "responses": {
            "200": _json("The predictions", answer),
            **{status: _json(text, error) for status, text in REFUSALS.items()},
        },
    }


def _get(summary: str, *others: str) -> dict[str, Any]:
    statuses = {status: {"description": "Not so"} for status in others}
    return {"get": {"summary": summary, "responses": {"200": {"description": "So"}, **statuses}}}


def _json(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
