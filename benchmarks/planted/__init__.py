"""Bugs of clients, each one line: what arrives of an image and a description that are sent.

`BUGS` has them by name; a module per kind adds its own.
"""

from collections.abc import Callable

from benchmarks.planted import descriptions, images

Bug = Callable[[bytes, str | None], tuple[bytes | None, str | None]]

BUGS: dict[str, Bug] = {**images.BUGS, **descriptions.BUGS}
