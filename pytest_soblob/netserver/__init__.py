"""A NetServer small enough to be looked through: accounts, tickets, a clock, blobs, pictures.

It takes typed requests and gives typed responses; it knows no HTTP and no XML, and judges nothing.
What it refuses, a real one refuses as well: through `Succeeded` false and an exception's class. The
classes exist in NetServer; which failure has which is inferred, and the texts are ours.
"""

from pytest_soblob.netserver._blobs import Blob
from pytest_soblob.netserver._clock import Clock
from pytest_soblob.netserver._refusals import REFUSALS, Refusal, failed_response
from pytest_soblob.netserver._server import NetServer, Outcome

__all__ = ["REFUSALS", "Blob", "Clock", "NetServer", "Outcome", "Refusal", "failed_response"]
