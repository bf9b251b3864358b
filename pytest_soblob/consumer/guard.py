"""What is wrong with a team's test class, apart from its client."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from pytest_soblob._text import nearest
from pytest_soblob.consumer.values import Abilities
from pytest_soblob.errors import SoblobError

_NEAR: Final = 0.75
_WRITE: Final = "def upload(self, uploader, call): return uploader.save(call.type, call.image, ...)"


def check_class(kind: type, base: type, fields: Iterable[str], methods: Iterable[str]) -> None:
    """Check that a class defines what it has to, and under the right names.

    Args:
        kind: The team's class.
        base: The class of the kit that it inherits.
        fields: Names of the values that a team may give.
        methods: Names of the methods that a team may write.

    Raises:
        SoblobError: It has no `upload`, or a name that is nearly one of these.
    """
    for name, right in _misspelt(kind, base, tuple(fields), tuple(methods)):
        raise SoblobError(
            f"{kind.__name__} has {name}; did you mean {right}? If not, begin its name with an "
            "underscore"
        )
    if getattr(kind, "upload", None) is getattr(base, "upload", None):
        raise SoblobError(f"{kind.__name__} has no method upload: write `{_WRITE}`")


def _misspelt(
    kind: type, base: type, fields: tuple[str, ...], methods: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    own = [one for one in kind.__mro__ if one not in base.__mro__]
    defined = {name: value for one in reversed(own) for name, value in vars(one).items()}
    for name, value in defined.items():
        if name.startswith(("_", "test")) or hasattr(base, name) or name in methods:
            continue
        known = methods if _is_method(value) else fields if _is_given(value) else ()
        # A helper may be named like a method that is there.
        right = nearest(name.lower(), [one for one in known if one not in defined], _NEAR)
        if right is not None:
            yield name, right


def _is_method(value: object) -> bool:
    return callable(value) and not isinstance(value, type)


def _is_given(value: object) -> bool:
    """Whether it may have been meant as one of the values that a team gives."""
    is_failure = isinstance(value, type) and issubclass(value, BaseException)
    return is_failure or isinstance(value, Mapping | tuple | list | set | Abilities)
