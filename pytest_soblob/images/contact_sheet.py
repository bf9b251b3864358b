"""One picture of many, for people to look at."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any, Final

from pytest_soblob.images.opening import UnreadablePictureError, open_picture

_CELL_PX: Final = 96
_GAP_PX: Final = 4
_COLUMNS: Final = 20
_BACKGROUND: Final = (238, 238, 238)
_BROKEN: Final = (200, 40, 40)


def contact_sheet(pictures: Sequence[bytes]) -> bytes:
    """Return a PNG with a thumbnail of each picture, row by row.

    Args:
        pictures: Encoded pictures. One that Pillow cannot read is a red square.
    """
    from PIL import Image

    columns = min(_COLUMNS, max(1, len(pictures)))
    rows = max(1, -(-len(pictures) // columns))
    step = _CELL_PX + _GAP_PX
    sheet = Image.new("RGB", (columns * step + _GAP_PX, rows * step + _GAP_PX), _BACKGROUND)
    for index, data in enumerate(pictures):
        row, column = divmod(index, columns)
        sheet.paste(_thumbnail(data), (_GAP_PX + column * step, _GAP_PX + row * step))
    kept = BytesIO()
    sheet.save(kept, "PNG")
    return kept.getvalue()


def _thumbnail(data: bytes) -> Any:
    from PIL import Image

    try:
        with open_picture(data) as picture:
            picture.draft("RGB", (_CELL_PX, _CELL_PX))
            small = picture.convert("RGBA")
            small.thumbnail((_CELL_PX, _CELL_PX))
    except UnreadablePictureError:
        return Image.new("RGB", (_CELL_PX, _CELL_PX), _BROKEN)
    factor = _CELL_PX // max(small.size)
    if factor > 1:  # a picture of a few pixels is shown larger
        small = small.resize(
            (small.width * factor, small.height * factor), Image.Resampling.NEAREST
        )
    cell = Image.new("RGB", (_CELL_PX, _CELL_PX), "white")
    cell.paste(small, ((_CELL_PX - small.width) // 2, (_CELL_PX - small.height) // 2), small)
    return cell
