"""Sessions of any course: upload, expire, fail, retry, attach. Hypothesis finds the order.

Two clients with a bug that no single message shows are found as well.
"""

from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from portraits import Portraits, UploadError

from pytest_soblob import Account, SoblobSettings, StubEndpoint
from pytest_soblob import strategies as soblob_st

ONLINE = SoblobSettings(
    installation="online",
    application_tokens=("example-token",),
    accounts=(Account(user="ada", password="example-password"),),
)
PEOPLE = st.integers(1, 3)
IMAGES = soblob_st.images(max_size=5_000)
TEXTS = soblob_st.descriptions(max_size=40, nullable=False)
RUN = settings(max_examples=20, stateful_step_count=8, deadline=None, database=None)
# To find is enough here; leave the phases out to see the shortest session that fails. The same
# sessions each time: by chance, 20 of them may miss the bug.
FIND = settings(RUN, phases=[Phase.generate], max_examples=300, derandomize=True)


class Sessions(RuleBasedStateMachine):
    """One user's session. What each person's portrait should be is compared with the endpoint."""

    client_class: type[Portraits] = Portraits

    def __init__(self) -> None:
        super().__init__()
        self.endpoint = StubEndpoint(settings=ONLINE).start()
        address = self.endpoint.url.removesuffix("/BLOB.svc")
        self.client = self.client_class(address, "ada", "example-password", "example-token")
        self.portraits: dict[int, bytes] = {}
        self.failures = 0

    @rule(person_id=PEOPLE, image=IMAGES, description=TEXTS)
    def give(self, person_id: int, image: bytes, description: str) -> None:
        blob_id = self.client.give(person_id, image, description)
        assert self.endpoint.blobs[blob_id].description == description
        self.portraits[person_id] = image
        self.compare()

    @rule(person_id=PEOPLE, failure=st.sampled_from(("no-rights", "no-licence", "not-an-image")))
    def fail(self, person_id: int, failure: str) -> None:
        self.failures += 1
        self.endpoint.fail(failure)
        with pytest.raises(UploadError):
            # Another text each time: the same upload over and over would be retried blindly.
            self.client.give(person_id, b"GIF89a", f"refused {self.failures}")
        self.compare()

    @rule(hours=st.integers(1, 8))
    def wait(self, hours: int) -> None:
        self.endpoint.clock.advance(hours=hours)

    def compare(self) -> None:
        images = self.endpoint.person_images
        stored = {person: self.endpoint.blobs[blob_id].image for person, blob_id in images.items()}
        assert stored == self.portraits

    def teardown(self) -> None:
        self.client.close()
        self.endpoint.stop()  # raises what the messages and the flow broke


TestSessions = Sessions.TestCase
TestSessions.settings = RUN


class Trusting(Portraits):
    """Does not look at Succeeded, and so hands on blob id 0, which removes the portrait."""

    @staticmethod
    def succeeded(answer: Any) -> bool:
        return True


class Impatient(Portraits):
    """Sends the same again with the same ticket, whatever the failure was."""

    def log_in(self) -> None:
        if not self._ticket:
            super().log_in()


@pytest.mark.parametrize("client", [Trusting, Impatient])
def test_a_client_with_a_bug_is_found(client: type[Portraits]) -> None:
    machine = type(client.__name__, (Sessions,), {"client_class": client})
    with pytest.raises((AssertionError, UploadError, ExceptionGroup)):
        run_state_machine_as_test(machine, settings=FIND)
