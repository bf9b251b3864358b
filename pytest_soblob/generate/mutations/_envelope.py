"""Mutations of envelope, header blocks and operation; most apply to requests and responses."""

import copy
from typing import Any

from lxml import etree

from pytest_soblob.contract import Installation
from pytest_soblob.generate.mutations._mutation import (
    BOTH,
    IN_HEADER,
    SOAP_1_2,
    Edit,
    Mutation,
    Tree,
    rename,
)
from pytest_soblob.names import NETSERVER, NETSERVER_FAMILY, SOAP11, SOAP12, SOAP12_ENCODING
from pytest_soblob.soap.binding import NIL, XSI_TYPE
from pytest_soblob.soap.envelope import children
from pytest_soblob.soap.messages import SaveImageStreamRequest, SaveImageStreamResponse

_SERVICES85 = f"{NETSERVER_FAMILY}Services85"
_FOREIGN = "urn:example:foreign"
_NO_CREDENTIALS = frozenset({"header.credentials-missing"})


def _other_soap(tree: Tree) -> str:
    return SOAP11 if tree.soap == SOAP12 else SOAP12


def _body_of_other_version(tree: Tree) -> None:
    rename(tree.body, _other_soap(tree))


def _second_header(tree: Tree) -> None:
    tree.header.addnext(etree.Element(f"{{{tree.soap}}}Header"))


def _header_last(tree: Tree) -> None:
    etree.SubElement(tree.root, f"{{{tree.soap}}}Header")


def _second_body(tree: Tree) -> None:
    tree.root.append(copy.deepcopy(tree.body))


def _foreign_child(tree: Tree) -> None:
    tree.body.addprevious(etree.Element(f"{{{_FOREIGN}}}Trace"))


def _after_body(tree: Tree) -> None:
    tree.root.append(etree.Element(f"{{{_FOREIGN}}}Trace"))


def _text_in_body(tree: Tree) -> None:
    tree.wrapper.tail = "oops"


def _encoding_style(tree: Tree) -> None:
    tree.root.set(f"{{{tree.soap}}}encodingStyle", SOAP12_ENCODING)


def _unwrap(tree: Tree) -> None:
    rename(tree.root, _FOREIGN, "Message")


def _comment_before(tree: Tree) -> None:
    tree.root.addprevious(etree.Comment(" hello "))


def _instruction(tree: Tree) -> None:
    tree.root.insert(0, etree.ProcessingInstruction("php", "echo 1"))


def _too_deep(tree: Tree) -> None:
    element = tree.wrapper
    for _ in range(150):
        element = etree.SubElement(element, f"{{{NETSERVER}}}Deeper")


def _second_child(tree: Tree) -> None:
    tree.body.append(copy.deepcopy(tree.wrapper))


def _rename_wrapper(tree: Tree, namespace: str, local: str | None = None) -> None:
    rename(tree.wrapper, namespace, local)


def _wrapper_of_services85(tree: Tree) -> None:
    for element in (tree.wrapper, *children(tree.wrapper)):
        rename(element, _SERVICES85)


def _no_credentials(tree: Tree) -> None:
    block = tree.block("Credentials")
    parent = block.getparent()
    if parent is not None:
        parent.remove(block)


def _no_ticket(tree: Tree) -> None:
    block = tree.block("Credentials")
    block[:] = []


def _empty_ticket(tree: Tree) -> None:
    tree.block("Ticket").text = None


def _nil_ticket(tree: Tree) -> None:
    _empty_ticket(tree)
    tree.block("Ticket").set(NIL, "true")


def _duplicate(tree: Tree) -> None:
    block = tree.block("Credentials")
    block.addnext(copy.deepcopy(block))


def _must_understand(tree: Tree) -> None:
    block = etree.SubElement(tree.header, f"{{{_FOREIGN}}}Security")
    block.set(f"{{{tree.soap}}}mustUnderstand", "1")


def _must_understand_maybe(tree: Tree) -> None:
    tree.block("Credentials").set(f"{{{tree.soap}}}mustUnderstand", "maybe")


def _outside_header(tree: Tree) -> None:
    tree.body.addprevious(tree.block("Credentials"))


def _credentials(namespace: str, name: str = "Credentials") -> Edit:
    def edit(tree: Tree) -> None:
        rename(tree.block("Credentials"), namespace, name)

    return edit


def _mutation(name: str, rule: str, edit: Edit, **more: Any) -> Mutation:
    return Mutation(name=name, rule=rule, edit=edit, **more)


def _soap_version(tree: Tree) -> None:
    """Write the whole envelope in the other SOAP version."""
    other = _other_soap(tree)
    for element in (tree.body, *tree.root.findall(f"{{{tree.soap}}}Header"), tree.root):
        rename(element, other)


def _header_second(tree: Tree) -> None:
    header, block = tree.header, tree.block("Credentials")
    tree.root.insert(0, block)
    block.addnext(header)


def _too_many(tree: Tree) -> None:
    for _ in range(1_100):
        etree.SubElement(tree.wrapper, f"{{{NETSERVER}}}Part")


def _empty_token(tree: Tree) -> None:
    for block in tree.root.findall(f".//{{{NETSERVER}}}ApplicationToken"):
        block.text = None


def _on_block(name: str, value: str, *, empty: bool = False) -> Edit:
    def edit(tree: Tree) -> None:
        block = tree.block("Credentials")
        if empty:
            block[:] = []
        block.set(name, value)

    return edit


def _text_in_credentials(tree: Tree) -> None:
    tree.block("Credentials").text = "oops"


def _element_in_ticket(tree: Tree) -> None:
    etree.SubElement(tree.block("Ticket"), f"{{{_FOREIGN}}}b")


_BOTH: dict[str, Any] = {
    "kinds": BOTH,
    "message": (SaveImageStreamRequest, SaveImageStreamResponse),
}

MUTATIONS = (
    _mutation("Body of another SOAP version", "envelope.soap-version-mixed",
              _body_of_other_version, **_BOTH),
    _mutation("two Headers", "envelope.header-duplicate", _second_header, **_BOTH),
    _mutation("Header after Body", "envelope.after-body", _header_last, **_BOTH,
              profiles=IN_HEADER),
    _mutation("two Bodies", "envelope.after-body", _second_body, **_BOTH),
    _mutation("an element after Body", "envelope.after-body", _after_body, **_BOTH),
    _mutation("Body missing", "envelope.body-missing",
              lambda tree: tree.root.remove(tree.body), **_BOTH),
    _mutation("an element beside Body", "envelope.foreign-child", _foreign_child, **_BOTH),
    _mutation("text in Body", "envelope.text", _text_in_body, **_BOTH),
    _mutation("an attribute without a namespace", "envelope.attribute-unqualified",
              lambda tree: tree.root.set("version", "1.1"), **_BOTH),
    _mutation("encodingStyle on Envelope", "envelope.encoding-style", _encoding_style, **_BOTH,
              profiles=SOAP_1_2),
    _mutation("the root is not an Envelope", "envelope.root-not-envelope", _unwrap, **_BOTH),
    _mutation("Envelope of no SOAP version", "envelope.namespace-unknown",
              lambda tree: rename(tree.root, _FOREIGN), **_BOTH),
    _mutation("a comment before the envelope", "xml.comment-outside-envelope", _comment_before,
              **_BOTH, profiles=SOAP_1_2),
    _mutation("a processing instruction", "xml.processing-instruction", _instruction, **_BOTH),
    _mutation("elements nested too deep", "xml.too-deep", _too_deep, **_BOTH),
    _mutation("Body empty", "body.empty", lambda tree: tree.body.remove(tree.wrapper), **_BOTH),
    _mutation("two operations", "body.second-child", _second_child, **_BOTH),
    _mutation("the operation misspelt", "body.unknown-operation",
              lambda tree: rename(tree.wrapper, NETSERVER, "SaveImage"), **_BOTH),
    _mutation("the operation in a foreign namespace", "body.unknown-operation",
              lambda tree: rename(tree.wrapper, _FOREIGN), **_BOTH),
    _mutation("the operation without a namespace", "body.operation-unqualified",
              lambda tree: rename(tree.wrapper, ""), **_BOTH),
    _mutation("the operation in Services85", "body.operation-other-version",
              _wrapper_of_services85, **_BOTH),
    _mutation("an attribute on the operation", "body.attribute-unknown",
              lambda tree: tree.wrapper.set("id", "1"), **_BOTH),
    _mutation("the operation nil", "body.nil-not-allowed",
              lambda tree: tree.wrapper.set(NIL, "false"), **_BOTH),
    _mutation("a block that must be understood", "header.not-understood", _must_understand,
              **_BOTH),
    _mutation("another operation", "body.other-operation",
              lambda tree: rename(tree.wrapper, NETSERVER, "ChangePersonImage"),
              also=frozenset({"body.child-unknown"})),
    _mutation("a response", "body.response-in-request",
              lambda tree: rename(tree.wrapper, NETSERVER, "SaveImageStreamResponse")),
    _mutation("a fault", "body.fault-in-request",
              lambda tree: rename(tree.wrapper, tree.soap, "Fault")),
    _mutation("no Credentials", "header.credentials-missing", _no_credentials),
    _mutation("no Ticket", "header.ticket-missing", _no_ticket),
    _mutation("an empty Ticket", "header.ticket-missing", _empty_ticket),
    _mutation("a nil Ticket", "header.ticket-missing", _nil_ticket),
    _mutation("Credentials duplicate", "header.block-duplicate", _duplicate),
    _mutation("mustUnderstand maybe", "header.must-understand-value", _must_understand_maybe),
    _mutation("Credentials outside Header", "header.outside-header", _outside_header,
              profiles=IN_HEADER),
    _mutation("Credentials without a namespace", "header.block-unqualified", _credentials(""),
              profiles=IN_HEADER, also=_NO_CREDENTIALS),
    _mutation("Credentials in Services85", "header.block-other-version",
              _credentials(_SERVICES85), profiles=IN_HEADER, also=_NO_CREDENTIALS),
    _mutation("Ticket without a namespace", "header.child-unqualified",
              lambda tree: rename(tree.block("Ticket"), ""),
              also=frozenset({"header.ticket-missing"})),
    _mutation("Ticket in Services85", "header.child-other-version",
              lambda tree: rename(tree.block("Ticket"), _SERVICES85),
              also=frozenset({"header.ticket-missing"})),
    _mutation("Ticket in a foreign namespace", "header.child-other-namespace",
              lambda tree: rename(tree.block("Ticket"), _FOREIGN),
              also=frozenset({"header.ticket-missing"})),
    _mutation("text in Credentials", "header.text-between-children", _text_in_credentials),
    _mutation("an element in Ticket", "header.element-in-value", _element_in_ticket),
    _mutation("Credentials nil, but with a ticket", "header.nil-with-content",
              _on_block(NIL, "true"), also=_NO_CREDENTIALS),
    _mutation("nil neither true nor false on Credentials", "header.nil-value",
              _on_block(NIL, "yes")),
    _mutation("xsi:type of an unknown type on Credentials", "header.xsi-type-unknown",
              _on_block(XSI_TYPE, "xsd:credentials")),
    _mutation("xsi:type unbound on Credentials", "header.xsi-type-unbound",
              _on_block(XSI_TYPE, "nobody:SoCredentials")),
    _mutation("xsi:type string on Credentials", "header.xsi-type-wrong",
              _on_block(XSI_TYPE, "xsd:string")),
    _mutation("Header after Credentials", "envelope.header-not-first", _header_second,
              also=frozenset({"header.outside-header"})),
    _mutation("the other SOAP version", "envelope.soap-version", _soap_version, **_BOTH,
              also=frozenset({"header.outside-header"})),
    _mutation("more violations than are reported", "envelope.too-many-violations",
              _too_many, **_BOTH, also=frozenset({"body.child-unknown"})),
    _mutation("no application token, online", "header.application-token-missing", _empty_token,
              installation=Installation.ONLINE),
)  # fmt: skip
