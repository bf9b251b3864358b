"""The judge: `EnvelopeValidator`, and one module per family of rules.

::

    validator = EnvelopeValidator("request", profile="wsdl")
    for violation in validator.iter_violations(data):
        print(violation.rule, violation.path, violation.message)
"""

from pytest_soblob.judge.validators.validator import EnvelopeValidator

__all__ = ["EnvelopeValidator"]
