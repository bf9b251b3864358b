"""Ways to break a right envelope: one rule each, on purpose.

A mutation edits the tree of a right envelope, or its bytes, so that exactly one rule is broken
(and those that follow from it). It knows nothing of the judge: the two are each other's oracle.
"""

from pytest_soblob._xml import parse
from pytest_soblob.contract import Profile
from pytest_soblob.mutations import _blocks, _bytes, _content, _envelope, _http, _responses
from pytest_soblob.mutations._mutation import Mutation, Tree
from pytest_soblob.mutations._payload import PAYLOAD

__all__ = ["MUTATIONS", "Mutation", "apply", "find_mutations"]

MUTATIONS: tuple[Mutation, ...] = (
    *_content.MUTATIONS,
    *PAYLOAD,
    *_blocks.MUTATIONS,  # before those of Credentials, which break more than one rule
    *_envelope.MUTATIONS,
    *_responses.MUTATIONS,
    *_bytes.MUTATIONS,
    *_http.MUTATIONS,
)


def find_mutations(
    kind: str,
    *,
    rule: str | None = None,
    profile: Profile | None = None,
    message: object = None,
) -> tuple[Mutation, ...]:
    """Return the mutations that can be applied, in a fixed order.

    Args:
        kind: `request` or `response`.
        rule: Only those that break this rule; None for any.
        profile: Only those that break it in this form; None for any.
        message: Only those that find in this message what they need; None does not ask.
    """
    return tuple(
        mutation
        for mutation in MUTATIONS
        if kind in mutation.kinds
        and (rule is None or mutation.rule == rule)
        and (profile is None or profile in mutation.profiles)
        and (message is None or mutation.applies_to(message))
    )


def apply(mutation: Mutation, data: bytes) -> bytes:
    """Return the envelope's bytes after the mutation."""
    if mutation.edit_bytes is not None:
        return mutation.edit_bytes(data)
    root = parse(data).root
    assert root is not None  # noqa: S101 -- the envelope was right
    assert mutation.edit is not None  # noqa: S101 -- one of the two is there
    tree = Tree(root)
    mutation.edit(tree)
    return tree.to_bytes()
