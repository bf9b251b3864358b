"""What differs between two pictures, where Pillow reads both."""

from typing import Any, Final

from pytest_soblob.images.opening import UnreadablePictureError, open_picture

_ORIENTATION: Final = 0x0112


def explain_pictures(given: bytes, got: bytes) -> str:
    """Return how a picture was changed, in a few words.

    Args:
        given: The picture before.
        got: The picture after.

    Returns:
        The change, or an empty text where one of them is no picture or nothing is known.
    """
    try:
        with open_picture(given) as before, open_picture(got) as after:
            return _change(before, after)
    except UnreadablePictureError:
        return ""


def _change(before: Any, after: Any) -> str:
    if before.format != after.format:
        return f"it looks like the picture re-encoded: {before.format} became {after.format}"
    if before.size != after.size:
        return f"it looks like the picture resized: {_size(before)} became {_size(after)}"
    return _frames(before, after) or _content(before, after)


def _size(picture: Any) -> str:
    return f"{picture.width}x{picture.height}"


def _frames(before: Any, after: Any) -> str:
    one, other = getattr(before, "n_frames", 1), getattr(after, "n_frames", 1)
    if one == other:
        return ""
    what = "the first frame or page only" if other == 1 else "frames lost"
    return f"it looks like {what}: {one} became {other}"


def _content(before: Any, after: Any) -> str:
    """Compare what stands beside the pixels, and then the pixels."""
    orientations = [picture.getexif().get(_ORIENTATION) for picture in (before, after)]
    if orientations[0] != orientations[1] and orientations[1] is None:
        return f"it looks like EXIF dropped: orientation {orientations[0]} is gone"
    if before.getexif() and not after.getexif():
        return "it looks like EXIF dropped"
    if before.mode != after.mode:
        return f"it looks like the picture re-encoded: {before.mode} became {after.mode}"
    lost = sorted(map(str, set(before.info) - set(after.info)))
    if lost:
        return f"it looks like the picture re-encoded: {', '.join(lost)} lost"
    if before.tobytes() == after.tobytes():
        return "it looks like the picture re-encoded: the same pixels in other bytes"
    return "it looks like the picture re-encoded: other pixels of the same size"
