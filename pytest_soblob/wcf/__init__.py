"""What a .NET host of the service does: how it reads a request, and the bytes that it writes.

NetServer is hosted on WCF, whose behaviour is public; what is particular to NetServer is not known
and is marked [inferred]. Nothing here judges: a wrong message is read as that host reads it, what
it drops is dropped, and `validators` says on the side what was wrong.
"""

from pytest_soblob.wcf._reading import (
    Received,
    check_head,
    choose_operation,
    find_service,
    is_below,
    read_request,
)
from pytest_soblob.wcf._writing import (
    Refusal,
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
    "Received",
    "Refusal",
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
