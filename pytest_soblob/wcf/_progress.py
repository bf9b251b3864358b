"""How far a reader comes before XML breaks: WCF answers otherwise once it is inside Body."""

import contextlib
from typing import Final
from xml.parsers import expat

from pytest_soblob.names import SOAP11

_BODY: Final = f"{SOAP11} Body"
_BODY_DEPTH: Final = 2


class _Progress:
    """Follows a parser into Body."""

    def __init__(self) -> None:
        self.depth = 0
        self.in_body = False
        self.reached = False

    def start(self, name: str, attributes: list[str]) -> None:
        if self.in_body:
            self.reached = True
        self.depth += 1
        if self.depth == _BODY_DEPTH and name == _BODY:
            self.in_body = True

    def end(self, name: str) -> None:
        self.depth -= 1

    def text(self, data: str) -> None:
        if self.in_body and data.strip():
            self.reached = True


def is_broken_inside_body(data: bytes, encoding: str) -> bool:
    """Whether the first thing that WCF refuses, broken XML or a processing instruction, comes late.

    Args:
        data: Bytes that are no document, or have a processing instruction.
        encoding: That they are in.

    Returns:
        True where the first node of Body was read before.
    """
    progress = _Progress()
    parser = expat.ParserCreate(encoding if encoding.isascii() else None, " ")
    parser.ordered_attributes = True
    parser.StartElementHandler = progress.start
    parser.EndElementHandler = progress.end
    parser.CharacterDataHandler = progress.text
    stopped: list[bool] = []

    def instruction(target: str, text: str) -> None:
        if not stopped:
            stopped.append(progress.reached)

    parser.ProcessingInstructionHandler = instruction
    with contextlib.suppress(expat.ExpatError, ValueError, LookupError):
        parser.Parse(data, True)
    return stopped[0] if stopped else progress.reached
