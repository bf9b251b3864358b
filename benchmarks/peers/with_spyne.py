"""The operation in spyne, validated by lxml, behind wsgiref, as in spyne's documentation."""

import sys
import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server

from spyne import Application, ByteArray, ComplexModel, Enum, Integer, ServiceBase, Unicode, rpc
from spyne.protocol.soap import Soap11
from spyne.server.wsgi import WsgiApplication

from pytest_soblob import BlobLinkType
from pytest_soblob.names import NETSERVER

LinkType = Enum(*BlobLinkType.__members__, type_name="BlobLinkType")
LinkType.__namespace__ = NETSERVER
blobs: list[bytes] = []


class Credentials(ComplexModel):
    __namespace__ = NETSERVER
    Ticket = Unicode


class Blobs(ServiceBase):
    __in_header__ = Credentials

    @rpc(
        LinkType,
        ByteArray(encoding="base64"),
        Unicode,
        _returns=Integer,
        _in_variable_names={"link_type": "Type", "image": "Image", "description": "Description"},
        _out_variable_name="Response",
        _operation_name="SaveImageStream",
    )
    def save(ctx, link_type, image, description):  # noqa: N805 -- spyne's convention
        blobs.append(b"".join(image))
        return len(blobs)


class Quiet(WSGIRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


application = Application(
    [Blobs], NETSERVER, name="BLOB", in_protocol=Soap11(validator="lxml"), out_protocol=Soap11()
)
server = make_server("127.0.0.1", 0, WsgiApplication(application), handler_class=Quiet)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
for _ in sys.stdin:
    print(len(blobs), flush=True)
    blobs.clear()
