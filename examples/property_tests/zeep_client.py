"""A client that is tested with any image and any description."""

from typing import Any


def upload(client: Any, image: bytes, description: str | None) -> int:
    """Store an image with a zeep client and return the blob id."""
    saved = client.service.SaveImageStream("PersonImage", image, description)
    assert saved.header.Succeeded is True
    blob_id: int = saved.body.Response
    return blob_id
