"""Mutations of responses and faults."""

import copy
from typing import Any

from lxml import etree

from pytest_soblob.generate.mutations._mutation import (
    ONLY_WSDL,
    RESPONSE,
    SOAP_1_2,
    Edit,
    Mutation,
    Tree,
    rename,
)
from pytest_soblob.names import NETSERVER, NETSERVER_FAMILY, SOAP12, XML
from pytest_soblob.soap.binding import NIL, XSI_TYPE
from pytest_soblob.soap.envelope import Element
from pytest_soblob.soap.messages import Fault, SaveImageStreamResponse


def _text(name: str, text: str) -> Edit:
    def edit(tree: Tree) -> None:
        tree.child(name).text = text

    return edit


def _response_nil(tree: Tree) -> None:
    child = tree.child("Response")
    child.text = None
    child.set(NIL, "1")


def _duplicate(tree: Tree) -> None:
    child = tree.child("Response")
    child.addnext(copy.deepcopy(child))


def _first(tree: Tree) -> None:
    tree.wrapper.insert(0, tree.wrapper[1])


def _without(tree: Tree, index: int) -> None:
    tree.wrapper.remove(tree.wrapper[index])


def _twice(tree: Tree) -> None:
    tree.wrapper[1].addnext(copy.deepcopy(tree.wrapper[1]))


def _reason_text(tree: Tree) -> Element:
    """Return faultstring (SOAP 1.1) or the first Text in Reason (SOAP 1.2)."""
    return tree.wrapper[1] if tree.soap != SOAP12 else tree.wrapper[1][0]


def _unknown_fault_child(tree: Tree) -> None:
    etree.SubElement(tree.wrapper, "message").text = "no"


def _text_in_detail(tree: Tree) -> None:
    name = f"{{{SOAP12}}}Detail" if tree.soap == SOAP12 else "detail"
    found = tree.wrapper.find(name)
    detail = etree.SubElement(tree.wrapper, name) if found is None else found
    detail.text = "oops"


def _typed(name: str) -> Edit:
    """Return an edit that sets xsi:type of the code to a name in the SOAP namespace."""

    def edit(tree: Tree) -> None:
        prefix = next(p for p, uri in tree.wrapper.nsmap.items() if uri == tree.soap)
        tree.wrapper[0].set(XSI_TYPE, f"{prefix}:{name}" if prefix else name)

    return edit


def _qualified(tree: Tree) -> None:
    rename(tree.wrapper[1], tree.soap)


def _code(tree: Tree, text: str) -> None:
    tree.wrapper[0].text = text


def _code12(tree: Tree, text: str) -> None:
    value = tree.wrapper[0][0]
    prefix = next(p for p, uri in value.nsmap.items() if uri == SOAP12)
    value.text = f"{prefix}:{text}" if prefix else text


def _no_language(tree: Tree) -> None:
    del tree.wrapper[1][0].attrib[f"{{{XML}}}lang"]


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


def _fault(name: str, rule: str, edit: Edit, **more: Any) -> Mutation:
    return Mutation(name=name, rule=rule, edit=edit, kinds=RESPONSE, message=Fault, **more)


_SERVICES85 = f"{NETSERVER_FAMILY}Services85"
_FOREIGN = "urn:example:foreign"

MUTATIONS = (
    _response("Response is text", "body.not-an-integer", _text("Response", "seven")),
    _response("Response empty", "body.not-an-integer", _text("Response", "")),
    _response("Response over 32 bits", "body.not-an-integer", _text("Response", "2147483648")),
    _response("Response with an underscore", "body.not-an-integer", _text("Response", "1_000")),
    _response("Response nil", "body.nil-not-allowed", _response_nil),
    _response("Response duplicate", "body.child-duplicate", _duplicate),
    _response("Response misspelt", "body.child-unknown",
              lambda tree: rename(tree.child("Response"), NETSERVER, "Result"),
              also=frozenset({"body.response-missing"})),
    _response("Response without a namespace", "body.child-unqualified",
              lambda tree: rename(tree.child("Response"), "")),
    _response("Response in Services85", "body.child-other-version",
              lambda tree: rename(tree.child("Response"), _SERVICES85)),
    _response("a request", "body.response-in-request",
              lambda tree: rename(tree.wrapper, NETSERVER, "SaveImageStream")),
    _response("the response of another operation", "body.other-operation",
              lambda tree: rename(tree.wrapper, NETSERVER, "ChangePersonImageResponse"),
              also=frozenset({"body.child-unknown"})),
    _response("Response in a foreign namespace", "body.child-other-namespace",
              lambda tree: rename(tree.child("Response"), _FOREIGN)),
    _response("text before Response", "body.text-between-children",
              lambda tree: setattr(tree.wrapper, "text", "oops")),
    _response("an element in Response", "body.element-in-value",
              lambda tree: etree.SubElement(tree.child("Response"), f"{{{_FOREIGN}}}b")),
    _response("nil neither true nor false", "body.nil-value",
              lambda tree: tree.child("Response").set(NIL, "yes")),
    _response("xsi:type string on Response", "body.xsi-type-wrong",
              lambda tree: tree.child("Response").set(XSI_TYPE, "xsd:string")),
    _response("xsi:type unknown on Response", "body.xsi-type-unknown",
              lambda tree: tree.child("Response").set(XSI_TYPE, "xsd:number")),
    _response("xsi:type unbound on Response", "body.xsi-type-unbound",
              lambda tree: tree.child("Response").set(XSI_TYPE, "nobody:int")),
    _fault("no reason", "fault.child-missing", lambda tree: _without(tree, 1)),
    _fault("no code", "fault.child-missing", lambda tree: _without(tree, 0)),
    _fault("the reason first", "fault.child-out-of-order", _first),
    _fault("two reasons", "fault.child-duplicate", _twice),
    _fault("text in the fault", "fault.text-between-children",
           lambda tree: setattr(tree.wrapper, "text", "oops")),
    _fault("an attribute on the fault", "fault.attribute-unqualified",
           lambda tree: tree.wrapper.set("id", "1")),
    _fault("markup in the reason", "fault.element-in-value",
           lambda tree: etree.SubElement(_reason_text(tree), "b")),
    _fault("an unknown child", "fault.child-unknown", _unknown_fault_child),
    _fault("a qualified child", "fault.child-qualified", _qualified, profiles=ONLY_WSDL),
    _fault("a code with an unbound prefix", "fault.code-not-a-qname",
           lambda tree: _code(tree, "nobody:Server"), profiles=ONLY_WSDL),
    _fault("a SOAP 1.2 code with an unbound prefix", "fault.code-not-a-qname",
           lambda tree: setattr(tree.wrapper[0][0], "text", "nobody:Sender"), profiles=SOAP_1_2),
    _fault("a code of SOAP 1.1", "fault.code-unknown",
           lambda tree: _code12(tree, "Client"), profiles=SOAP_1_2),
    _fault("text in the detail", "fault.text-between-children", _text_in_detail),
    _fault("xsi:type of another type on the code", "fault.xsi-type-wrong", _typed("detail")),
    _fault("xsi:type of an unknown type on the code", "fault.xsi-type-unknown", _typed("nonsense")),
    _fault("xsi:type unbound on the code", "fault.xsi-type-unbound",
           lambda tree: tree.wrapper[0].set(XSI_TYPE, "nobody:QName")),
    _fault("the reason nil", "fault.nil-not-allowed",
           lambda tree: tree.wrapper[1].set(NIL, "true")),
    _fault("nil neither true nor false on the reason", "fault.nil-value",
           lambda tree: tree.wrapper[1].set(NIL, "yes")),
    _fault("the reason in a language with an underscore", "xml.language",
           lambda tree: _reason_text(tree).set(f"{{{XML}}}lang", "en_US")),
    _fault("no language", "fault.language-missing", _no_language, profiles=SOAP_1_2),
)  # fmt: skip
