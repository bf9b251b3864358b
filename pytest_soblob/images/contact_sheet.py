"""One picture of many, for people to look at."""

from io import BytesIO
from typing import Any, Final

from pytest_soblob.images.opening import UnreadablePictureError, open_picture

# More thumbnails than anybody looks at; a sheet of so many takes 60 MB of memory.
MOST_THUMBNAILS: Final = 2_000
_CELL_PX: Final = 96
_GAP_PX: Final = 4
_STEP_PX: Final = _CELL_PX + _GAP_PX
_COLUMNS: Final = 20
_BACKGROUND: Final = (238, 238, 238)
_BROKEN: Final = (200, 40, 40)


class ContactSheet:
    """A PNG with a thumbnail of each picture, row by row.

    Args:
        most: The largest number of thumbnails; pictures beyond it, or beyond `MOST_THUMBNAILS`, are
            left out.

    Attributes:
        count: How many pictures were added, those left out included.
    """

    def __init__(self, most: int) -> None:
        from PIL import Image

        self.count = 0
        self._most = min(most, MOST_THUMBNAILS)
        self._sheet = Image.new("RGB", _size_px(self._most), _BACKGROUND)

    @property
    def shown(self) -> int:
        """How many pictures the sheet shows."""
        return min(self.count, self._most)

    def add(self, data: bytes) -> None:
        """Add an encoded picture. One that Pillow cannot read is a red square."""
        if self.count < self._most:
            row, column = divmod(self.count, _COLUMNS)
            at = (_GAP_PX + column * _STEP_PX, _GAP_PX + row * _STEP_PX)
            self._sheet.paste(_thumbnail(data), at)
        self.count += 1

    def to_png(self) -> bytes:
        """Return the sheet, without the rows that are empty."""
        kept = BytesIO()
        self._sheet.crop((0, 0, *_size_px(self.shown))).save(kept, "PNG")
        return kept.getvalue()


def _size_px(count: int) -> tuple[int, int]:
    columns = min(_COLUMNS, max(1, count))
    rows = max(1, -(-count // _COLUMNS))
    return columns * _STEP_PX + _GAP_PX, rows * _STEP_PX + _GAP_PX


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
