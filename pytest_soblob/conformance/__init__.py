"""Conformance: whether what people have in hand is still the contract.

`check_wsdl` compares a WSDL with the contract; `assert_wsdl_compatible` asserts it in a test.
"""

from pytest_soblob.conformance.checking import assert_wsdl_compatible, check_wsdl
from pytest_soblob.conformance.comparing import Difference, Weight

__all__ = ["Difference", "Weight", "assert_wsdl_compatible", "check_wsdl"]
