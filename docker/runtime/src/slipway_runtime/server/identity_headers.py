"""What every answer says of its sender."""

from collections.abc import Sequence

from slipway_runtime.description import ModelDescription


def identity_headers(
    description: ModelDescription, image_digest: str | None
) -> Sequence[tuple[str, str]]:
    headers = [
        ("Slipway-Model", description.model),
        ("Slipway-Version", description.version),
        ("Slipway-Content-Digest", description.content_digest),
    ]
    return [*headers, ("Slipway-Image-Digest", image_digest)] if image_digest else headers
