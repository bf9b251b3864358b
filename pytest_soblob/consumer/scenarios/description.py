"""Descriptions that arrive exactly as given."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from pytest_soblob.consumer.scenario import Level, Scenario
from pytest_soblob.consumer.stage import PNG, Stage
from pytest_soblob.consumer.values import Upload

_LONGEST_SHOWN: Final = 60
_ASTRAL: Final = "\U0001f600"

TEXTS: Final[Mapping[str, str | None]] = {
    "none": None,
    "empty": "",
    "spaces": "  two  blanks, at each end and inside  ",
    "tab-edges": "\ttab\t",
    "lf": "one\ntwo\n",
    "cr": "one\rtwo\r",
    "crlf": "one\r\ntwo\r\n",
    "markup": "<b>Kari & Ola</b> < > &",
    "quotes": "\"double\" 'single' `back`",
    "cdata-end": "a]]>b",
    "cdata-like": "<![CDATA[Kari]]>",
    "references": "&#13; &#x41; &amp;amp; &lt;",
    "html-entities": "&nbsp;&eacute;&euro;&copy;",
    "element-like": "x</Description><Type>Thumbnail</Type>",
    "template-like": "{0} {name} $name ${name} %(name)s {{ name }}",
    "percent-like": "100 %s %20 %d %%",
    "nfc": "Åse é",
    "nfd": "A\u030ase e\u0301",
    "nfkc": "\ufb01n \u2460 \uff11 \u212b",
    "emoji-joined": "\U0001f469\u200d\U0001f680 \U0001f1f3\U0001f1f4 1\ufe0f\u20e3",
    "astral": f"a{_ASTRAL}b",
    "rtl": "שלום עולם",
    "bidi": "a\u202eb\u202c \u2067c\u2069",
    "nonchar": "a\ufdd0b",
    "c1": "a\x85b\x9fc",
    "nel-ls-ps": "a\x85b\u2028c\u2029d",
    "nbsp-zwsp": "a\xa0b\u200bc",
    "bom-first": "\ufeffKari",
    "cp1252-lookalikes": "\u201cKari\u201d \u2013 \u2018Ola\u2019 \u2014 \u20ac \u2026 \u2122",
    "norwegian": "Blåbærsyltetøy på Ærøy",
    "null-word": "null",
    "length-254": "x" * 254,
    "length-255": "x" * 255,
    "length-256": "x" * 256,
    "utf16-255": "x" * 253 + _ASTRAL,
    "length-10000": "æ" * 10_000,
}


def _arrives(text: str | None, stage: Stage) -> None:
    stage.saved(Upload(image=PNG, description=text))


def _not_xml(stage: Stage) -> None:
    stage.refused(Upload(image=PNG, description="a\x00b\x01c"))


def _shown(text: str | None) -> str:
    if text is None:
        return "an upload without a description"
    if len(text) <= _LONGEST_SHOWN:
        return f"an upload with the description {text!r}"
    return f"an upload with a description of {len(text):,} characters, {text[:10]!r} and so on"


SCENARIOS: Final = (
    *(
        Scenario(
            id=f"description.{name}",
            play=partial(_arrives, text),
            played=_shown(text),
            expected="the description arrives exactly as given",
            production="people read a text that nobody wrote",
            advice="hand the text as it is to an XML library, and let it escape",
            source="XML 1.0, 2.2 (characters), 2.4 (escaping), 2.11 (line ends)",
            level=Level.MUST,
        )
        for name, text in TEXTS.items()
    ),
    Scenario(
        id="description.not-xml",
        play=_not_xml,
        played="an upload with control characters that XML 1.0 cannot carry",
        expected="the client refuses the call, and sends no request",
        production="the server answers 400, and the log does not say why",
        advice="check the text for characters below U+0020 before you build the request",
        source="XML 1.0, 2.2: Char",
        sends_nothing=True,
    ),
)
