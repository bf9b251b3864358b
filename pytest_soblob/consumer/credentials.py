"""The ticket, token, user and password that the suite gives to clients.

They are invented, and easy to find in whatever a client writes.
"""

from typing import Final

TICKET: Final = "7T:c29ibG9iQ29uc3VtZXJUaWNrZXQ="
TOKEN: Final = "soblob-consumer-application-token"  # noqa: S105 -- invented
USER: Final = "soblob-consumer"
PASSWORD: Final = "soblob-consumer-password"  # noqa: S105 -- invented
# What a run must never show, whatever the client does.
SECRETS: Final = (TICKET, TICKET.partition(":")[2], TOKEN, PASSWORD)
