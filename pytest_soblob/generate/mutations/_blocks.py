"""Mutations of the header blocks of responses, and of TimeZone, which requests have, too."""

import copy
from typing import Any

from lxml import etree

from pytest_soblob.generate.mutations._mutation import (
    BOTH,
    IN_HEADER,
    RESPONSE,
    Edit,
    Mutation,
    Tree,
    remove,
    rename,
)
from pytest_soblob.names import NETSERVER, NETSERVER_FAMILY
from pytest_soblob.soap.binding import NIL, XSI_TYPE
from pytest_soblob.soap.envelope import Element
from pytest_soblob.soap.messages import SaveImageStreamRequest, SaveImageStreamResponse

_SERVICES85 = f"{NETSERVER_FAMILY}Services85"
_FOREIGN = "urn:example:foreign"


def _fresh(tree: Tree, name: str) -> Element:
    """Add an empty block of that name to Header, in place of the existing ones."""
    header = tree.header
    for old in list(tree.root.iter(f"{{{NETSERVER}}}{name}")):
        if old.getparent() is header:
            remove(old)
    return etree.SubElement(header, f"{{{NETSERVER}}}{name}")


def _child(block: Element, name: str, text: str) -> Element:
    child = etree.SubElement(block, f"{{{NETSERVER}}}{name}")
    child.text = text
    return child


def _zone(tree: Tree) -> Element:
    """Add a valid TimeZone."""
    zone = _fresh(tree, "TimeZone")
    _child(zone, "SoTimeZoneId", "102")
    _child(zone, "SoTimeZoneLocationCode", "UTC")
    return zone


def _zone_with(attribute: str, value: str) -> Edit:
    return lambda tree: _zone(tree).set(attribute, value)


def _zone_of(namespace: str, name: str = "TimeZone") -> Edit:
    return lambda tree: rename(_zone(tree), namespace, name)


def _zone_id(namespace: str) -> Edit:
    return lambda tree: rename(_zone(tree)[0], namespace)


def _zone_id_text(text: str) -> Edit:
    return lambda tree: setattr(_zone(tree)[0], "text", text)


def _zone_reversed(tree: Tree) -> None:
    zone = _zone(tree)
    zone.insert(0, zone[1])


def _zone_id_duplicate(tree: Tree) -> None:
    zone = _zone(tree)
    zone[0].addnext(copy.deepcopy(zone[0]))


def _zone_id_nil(tree: Tree) -> None:
    child = _zone(tree)[0]
    child.text = None
    child.set(NIL, "true")


def _zone_duplicate(tree: Tree) -> None:
    zone = _zone(tree)
    zone.addnext(copy.deepcopy(zone))


def _zone_beside_body(tree: Tree) -> None:
    tree.body.addprevious(_zone(tree))


def _must_understand_maybe(tree: Tree) -> None:
    _zone(tree).set(f"{{{tree.soap}}}mustUnderstand", "maybe")


def _header_second(tree: Tree) -> None:
    zone = _zone(tree)
    header = tree.header
    tree.root.insert(0, zone)
    zone.addnext(header)


def _succeeded(text: str) -> Edit:
    return lambda tree: setattr(_fresh(tree, "Succeeded"), "text", text)


def _response_missing(tree: Tree) -> None:
    """Make it a response of success without a blob id."""
    for block in list(tree.root.iter(f"{{{NETSERVER}}}ExceptionInfo")):
        remove(block)
    _fresh(tree, "Succeeded").text = "true"
    remove(tree.child("Response"))


def _succeeded_beside_body(tree: Tree) -> None:
    block = _fresh(tree, "Succeeded")
    block.text = "true"
    for old in list(tree.root.iter(f"{{{NETSERVER}}}ExceptionInfo")):
        remove(old)
    tree.body.addprevious(block)


def _succeeded_nil(tree: Tree) -> None:
    block = tree.block("Succeeded")
    block.text = None
    block.set(NIL, "true")


def _exception(tree: Tree, *names: str) -> None:
    """Add an ExceptionInfo with these children to Header."""
    block = _fresh(tree, "ExceptionInfo")
    for name in names:
        _child(block, name, name)


def _pair_without_value(tree: Tree) -> None:
    pair = etree.SubElement(_fresh(tree, "ExtraInfo"), f"{{{NETSERVER}}}ExtraInfoNameValuePair")
    _child(pair, "Key", "key")


def _of_both(name: str, rule: str, edit: Edit, **more: Any) -> Mutation:
    messages = (SaveImageStreamRequest, SaveImageStreamResponse)
    return Mutation(name=name, rule=rule, edit=edit, kinds=BOTH, message=messages, **more)


def _response(name: str, rule: str, edit: Edit, **more: Any) -> Mutation:
    return Mutation(
        name=name,
        rule=rule,
        edit=edit,
        kinds=RESPONSE,
        message=SaveImageStreamResponse,
        needs=("blob_id",),
        **more,
    )


MUTATIONS = (
    _response("Succeeded is yes", "header.not-a-boolean", _succeeded("yes")),
    _response("Succeeded is True", "header.not-a-boolean", _succeeded("True")),
    _response("Succeeded nil", "header.nil-not-allowed", _succeeded_nil, profiles=IN_HEADER),
    _response("Response missing after a success", "body.response-missing", _response_missing),
    _response("the exception out of order", "header.child-out-of-order",
              lambda tree: _exception(tree, "Source", "Message"), profiles=IN_HEADER),
    _response("the exception's message duplicate", "header.child-duplicate",
              lambda tree: _exception(tree, "Message", "Message"), profiles=IN_HEADER),
    _response("an unknown child of the exception", "header.child-unknown",
              lambda tree: _exception(tree, "Message", "HelpLink"), profiles=IN_HEADER),
    _response("extra info without a value", "header.child-missing", _pair_without_value),
    _of_both("a time zone that is not a number", "header.not-an-integer", _zone_id_text("UTC")),
    _of_both("the time zone's children reversed", "header.child-out-of-order", _zone_reversed),
    _of_both("the time zone's id duplicate", "header.child-duplicate", _zone_id_duplicate),
    _of_both("an unknown child of the time zone", "header.child-unknown",
             lambda tree: _child(_zone(tree), "Name", "UTC")),
    _of_both("the time zone's id nil", "header.nil-not-allowed", _zone_id_nil),
    _of_both("TimeZone duplicate", "header.block-duplicate", _zone_duplicate),
    _of_both("TimeZone without a namespace", "header.block-unqualified", _zone_of("")),
    _of_both("TimeZone in Services85", "header.block-other-version", _zone_of(_SERVICES85)),
    _of_both("TimeZone outside Header", "header.outside-header", _zone_beside_body,
             profiles=IN_HEADER),
    _of_both("Succeeded outside Header", "header.outside-header", _succeeded_beside_body),
    _of_both("mustUnderstand maybe on TimeZone", "header.must-understand-value",
             _must_understand_maybe),
    _of_both("Header after TimeZone", "envelope.header-not-first", _header_second,
             also=frozenset({"header.outside-header"})),
    _of_both("an id without a namespace", "header.child-unqualified", _zone_id("")),
    _of_both("an id in Services85", "header.child-other-version", _zone_id(_SERVICES85)),
    _of_both("an id in a foreign namespace", "header.child-other-namespace", _zone_id(_FOREIGN)),
    _of_both("text in TimeZone", "header.text-between-children",
             lambda tree: setattr(_zone(tree), "text", "oops")),
    _of_both("an element in a time zone's id", "header.element-in-value",
             lambda tree: etree.SubElement(_zone(tree)[0], f"{{{_FOREIGN}}}b")),
    _of_both("TimeZone nil, but with an id", "header.nil-with-content", _zone_with(NIL, "true")),
    _of_both("nil neither true nor false on TimeZone", "header.nil-value",
             _zone_with(NIL, "yes")),
    _of_both("xsi:type of an unknown type on TimeZone", "header.xsi-type-unknown",
             _zone_with(XSI_TYPE, "xsd:zone")),
    _of_both("xsi:type unbound on TimeZone", "header.xsi-type-unbound",
             _zone_with(XSI_TYPE, "nobody:SoTimeZone")),
    _of_both("xsi:type string on TimeZone", "header.xsi-type-wrong",
             _zone_with(XSI_TYPE, "xsd:string")),
)  # fmt: skip
