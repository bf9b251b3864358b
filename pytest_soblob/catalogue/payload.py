"""Rules of family `payload`: the image's base64 and the description's text."""

from pytest_soblob.violations import Rule, Severity

_XSD = "XML Schema part 2 (1.0), 3.2.16 base64Binary"

RULES = (
    Rule(
        id="payload.image-empty",
        severity=Severity.WARNING,
        meaning="The image has no bytes",
        reference=f"{_XSD}; page, request example: an empty Image",
        change="send the image",
        server="stores a blob of 0 bytes, or refuses it as not an image",
    ),
    Rule(
        id="payload.base64-alphabet",
        severity=Severity.ERROR,
        meaning="A character is not in the base64 alphabet",
        reference=_XSD,
        change="send the bytes in base64: A-Z a-z 0-9 + / =",
        server="answers 500: not a valid Base64 sequence",
    ),
    Rule(
        id="payload.base64-url-safe",
        severity=Severity.ERROR,
        meaning="The image is in URL-safe base64",
        reference=_XSD,
        change="encode with the standard alphabet (+ and /), not the URL-safe one (- and _)",
        server="answers 500: not a valid Base64 sequence",
    ),
    Rule(
        id="payload.base64-data-uri",
        severity=Severity.ERROR,
        meaning="The image is a data: URI",
        reference=_XSD,
        change="send only what follows 'base64,'",
        server="answers 500: not a valid Base64 sequence",
    ),
    Rule(
        id="payload.base64-length",
        severity=Severity.ERROR,
        meaning="The base64 text ends inside a group of four",
        reference=_XSD,
        change="keep the padding, and the whole text",
        server="answers 500: Base64 sequence length not valid",
    ),
    Rule(
        id="payload.base64-padding",
        severity=Severity.ERROR,
        meaning="The padding stands in the wrong place, or there is too much of it",
        reference=_XSD,
        change="encode the image as one piece: '=' stands only at its end",
        server="takes some of it, with other bytes than you meant",
    ),
    Rule(
        id="payload.base64-pad-bits",
        severity=Severity.ERROR,
        meaning="The unused bits of the last group are not zero",
        reference=f"{_XSD}: the last quantum",
        change="encode the bytes again with a standard encoder",
        server="takes it, and drops the bits",
    ),
    Rule(
        id="payload.base64-twice",
        severity=Severity.ERROR,
        meaning="The image is encoded twice",
        reference=f"{_XSD}; page: the image to store",
        change="encode once: hand the raw bytes to your SOAP library, which encodes them",
        server="stores base64 text instead of an image",
    ),
    Rule(
        id="payload.description-too-long",
        severity=Severity.WARNING,
        meaning="The description is longer than the database column",
        reference="vendor's database documentation: 254 characters",
        change="shorten the description",
        server="may cut it or refuse it",
    ),
)
