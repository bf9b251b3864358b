"""How a .NET host of the service reads requests, and the bytes that it writes.

NetServer is hosted on WCF, whose behaviour is public; what is particular to NetServer is not known,
and is marked [inferred]. This package does not judge: it reads a wrong message as that host does
and drops what the host drops, while `judge.validators` reports the violations.
"""

from pytest_soblob.stub.wcf._reading import (
    WcfRequest,
    check_head,
    choose_operation,
    find_service,
    is_below,
    read_request,
)
from pytest_soblob.stub.wcf._writing import (
    Rejection,
    action_not_supported,
    deserialization_failed,
    destination_unreachable,
    fault_response,
    internal_service_fault,
    must_understand,
    normal_response,
    write_response,
)

__all__ = [
    "Rejection",
    "WcfRequest",
    "action_not_supported",
    "check_head",
    "choose_operation",
    "deserialization_failed",
    "destination_unreachable",
    "fault_response",
    "find_service",
    "internal_service_fault",
    "is_below",
    "must_understand",
    "normal_response",
    "read_request",
    "write_response",
]
