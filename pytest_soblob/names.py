"""Namespace URIs and service paths: constants only. No other module spells a namespace URI.

Sources: Services86-BLOB.wsdl (the NetServer namespace, actions, address), the SOAP 1.1 note,
SOAP 1.2 part 1, XML Schema part 1 section 3.2.7, WS-Addressing 1.0 and its 2004 draft.
"""

from typing import Final

NETSERVER: Final = "http://www.superoffice.net/ws/crm/NetServer/Services86"
NETSERVER_FAMILY: Final = "http://www.superoffice.net/ws/crm/NetServer/"

SOAP11: Final = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12: Final = "http://www.w3.org/2003/05/soap-envelope"
SOAP11_ENCODING: Final = "http://schemas.xmlsoap.org/soap/encoding/"
SOAP12_ENCODING: Final = "http://www.w3.org/2003/05/soap-encoding"

XML: Final = "http://www.w3.org/XML/1998/namespace"
XSD: Final = "http://www.w3.org/2001/XMLSchema"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"

WSDL: Final = "http://schemas.xmlsoap.org/wsdl/"
WSDL_SOAP: Final = "http://schemas.xmlsoap.org/wsdl/soap/"
WSDL_SOAP12: Final = "http://schemas.xmlsoap.org/wsdl/soap12/"
WSDL_ADDRESSING: Final = "http://www.w3.org/2006/05/addressing/wsdl"

WS_ADDRESSING: Final = frozenset(
    {
        "http://www.w3.org/2005/08/addressing",
        "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    }
)

# The path of each service below the host, as in the WSDL's soap:address after the tenant.
SERVICE_PATHS: Final = {
    "BLOB": "/Remote/Services86/BLOB.svc",
    "SoPrincipal": "/Remote/Services86/SoPrincipal.svc",
}

# The prefixes in paths of violations, whatever prefixes a message declares.
PREFIXES: Final = {
    NETSERVER: "ns",
    SOAP11: "s",
    SOAP12: "s12",
    XSI: "xsi",
    XSD: "xsd",
    XML: "xml",
    "http://www.w3.org/2005/08/addressing": "wsa",
}
