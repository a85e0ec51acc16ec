"""What OpenAPI says of the routes that read their bodies themselves."""

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

PREDICT_ANSWER_SCHEMA = {
    "type": "object",
    "required": ["predictions", "model", "version"],
    "properties": {
        "predictions": {"type": "array", "items": {}},
        "model": {"type": "string"},
        "version": {"type": "string"},
    },
}


def predict_openapi(description: ModelDescription) -> dict[str, Any]:
    body: dict[str, Any] = {"schema": PREDICT_REQUEST_SCHEMA}
    if description.example is not None:
        body["example"] = description.example
    return {
        "requestBody": {"required": True, "content": {"application/json": body}},
        "responses": {
            "200": _json("The predictions", PREDICT_ANSWER_SCHEMA),
            "400": _json("The instances do not fit the model", ERROR_SCHEMA),
            "413": _json("The body is too large", ERROR_SCHEMA),
            "415": _json("The body is not JSON", ERROR_SCHEMA),
            "500": _json("The model failed", ERROR_SCHEMA),
            "503": _json("The model is still loading", ERROR_SCHEMA),
        },
    }


def json_body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _json(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
