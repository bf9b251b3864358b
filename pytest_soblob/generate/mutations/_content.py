"""Mutations of the operation and its children."""

import copy
from collections.abc import Callable, Iterator

from lxml import etree

from pytest_soblob.generate.mutations._mutation import Mutation, Tree, rename
from pytest_soblob.names import NETSERVER, NETSERVER_FAMILY
from pytest_soblob.soap.binding import NIL, XSI_TYPE
from pytest_soblob.soap.messages import SaveImageStreamRequest

_SERVICES85 = f"{NETSERVER_FAMILY}Services85"
_FOREIGN = "urn:example:foreign"
_PARTS = ("Type", "Image", "Description")


def _reorder(*names: str) -> Callable[[Tree], None]:
    def edit(tree: Tree) -> None:
        tree.wrapper[:] = [tree.child(name) for name in names]

    return edit


def _duplicate(name: str) -> Callable[[Tree], None]:
    def edit(tree: Tree) -> None:
        child = tree.child(name)
        child.addnext(copy.deepcopy(child))

    return edit


def _rename(name: str, namespace: str, local: str | None = None) -> Callable[[Tree], None]:
    return lambda tree: rename(tree.child(name), namespace, local)


def _append(text: str) -> Callable[[Tree], None]:
    def edit(tree: Tree) -> None:
        etree.SubElement(tree.wrapper, f"{{{NETSERVER}}}FileName").text = text

    return edit


def _set(name: str, attribute: str, value: str) -> Callable[[Tree], None]:
    return lambda tree: tree.child(name).set(attribute, value)


def _text(name: str, text: str) -> Callable[[Tree], None]:
    def edit(tree: Tree) -> None:
        tree.child(name).text = text

    return edit


def _text_between(tree: Tree) -> None:
    tree.child("Type").tail = "oops"


def _element_inside(name: str) -> Callable[[Tree], None]:
    def edit(tree: Tree) -> None:
        tree.child(name).insert(0, etree.Element(f"{{{_FOREIGN}}}Include", href="cid:image"))

    return edit


def _nil_type(tree: Tree) -> None:
    child = tree.child("Type")
    child.text = None
    child.set(NIL, "true")


def _rows() -> Iterator[tuple[str, str, Callable[[Tree], object]]]:
    order = "body.child-out-of-order"
    yield "description before image", order, _reorder("Type", "Description", "Image")
    yield "image before type", order, _reorder("Image", "Type", "Description")
    yield "image first, type last", order, _reorder("Image", "Description", "Type")
    yield "description first", order, _reorder("Description", "Type", "Image")
    yield "all reversed", order, _reorder("Description", "Image", "Type")
    for name in _PARTS:
        yield f"{name} duplicate", "body.child-duplicate", _duplicate(name)
    for name in _PARTS:
        yield f"{name} without a namespace", "body.child-unqualified", _rename(name, "")
    for name in _PARTS:
        yield f"{name} in Services85", "body.child-other-version", _rename(name, _SERVICES85)
    for name in _PARTS:
        yield (
            f"{name} in a foreign namespace",
            "body.child-other-namespace",
            _rename(name, _FOREIGN),
        )
    for name, wrong in zip(_PARTS, ("BlobLinkType", "image", "Descripton"), strict=True):
        yield f"{name} misspelt", "body.child-unknown", _rename(name, NETSERVER, wrong)
    yield "an additional child", "body.child-unknown", _append("portrait.png")
    yield "text between children", "body.text-between-children", _text_between
    for name in _PARTS:
        yield f"an element inside {name}", "body.element-in-value", _element_inside(name)
    yield "an attribute on Image", "body.attribute-unknown", _set("Image", "encoding", "base64")
    yield "Type nil", "body.nil-not-allowed", _nil_type
    yield "nil with content", "body.nil-with-content", _set("Image", NIL, "1")
    yield "nil neither true nor false", "body.nil-value", _set("Image", NIL, "yes")
    yield "xsi:type string on Type", "body.xsi-type-wrong", _set("Type", XSI_TYPE, "xsd:string")
    yield "xsi:type string on Image", "body.xsi-type-wrong", _set("Image", XSI_TYPE, "xsd:string")
    yield "xsi:type unknown", "body.xsi-type-unknown", _set("Image", XSI_TYPE, "xsd:base64")
    yield "xsi:type unbound", "body.xsi-type-unbound", _set("Type", XSI_TYPE, "nobody:string")
    for wrong in ("1", "personimage", " PersonImage ", "Portrait"):
        yield f"Type {wrong!r}", "body.type-unknown", _text("Type", wrong)


MUTATIONS = tuple(
    Mutation(
        name=name,
        rule=rule,
        edit=edit,
        message=SaveImageStreamRequest,
        needs=("type", "image", "description"),
    )
    for name, rule, edit in _rows()
)
