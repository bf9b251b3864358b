"""The passes of an interlaced PNG (PNG, third edition, 8.1)."""

from typing import Final

# Of each pass the first column and the first row, and the steps to the right and down.
PASSES: Final = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
