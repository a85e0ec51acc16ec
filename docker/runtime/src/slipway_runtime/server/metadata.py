"""`GET /metadata`: what is served, by what."""

import platform
from collections.abc import Iterable
from typing import Any

from slipway_runtime import __version__
from slipway_runtime.description import ModelDescription, TensorSpec, spec_view
from slipway_runtime.wire import LoadedModel


def metadata_view(
    description: ModelDescription, model: LoadedModel | None, *, ready: bool
) -> dict[str, Any]:
    """Before the model is loaded, inputs and outputs are what the signature says."""
    signature = description.signature
    inputs = model.inputs if model else signature.inputs if signature else ()
    outputs = model.outputs if model else signature.outputs if signature else ()
    return {
        "model": description.model,
        "version": description.version,
        "contentDigest": description.content_digest,
        "format": description.format,
        "platform": model.platform if model else None,
        "ready": ready,
        "inputs": _views(inputs),
        "outputs": _views(outputs),
        "example": model.example if model else description.example,
        "labels": description.labels,
        "metadata": description.metadata,
        "resources": description.resources,
        "card": description.card,
        "runtime": {
            "name": "slipway-runtime",
            "version": __version__,
            "python": platform.python_version(),
            "frameworks": model.frameworks if model else {},
        },
    }


def _views(specs: Iterable[TensorSpec]) -> list[dict[str, Any]]:
    return [spec_view(spec) for spec in specs]
