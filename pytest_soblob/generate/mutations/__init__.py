"""Mutations: ways to break one rule in a valid envelope.

A mutation edits the tree or the bytes of a valid envelope, so that it breaks exactly one rule (and
those that follow from it). Mutations do not use the judge, so each is the oracle of the other.
"""

from pytest_soblob._xml.document import parse
from pytest_soblob.contract import Profile
from pytest_soblob.generate.mutations import _blocks, _bytes, _content, _envelope, _http, _responses
from pytest_soblob.generate.mutations._mutation import Mutation, Tree
from pytest_soblob.generate.mutations._payload import PAYLOAD

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
        kind: Kind of message: `request` or `response`.
        rule: Id of the rule they break; None for any rule.
        profile: Profile in which they break it; None for any profile.
        message: The message that they must apply to; None for any message.
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
    """Return the bytes after the mutation: an envelope, or an HTTP message if `is_http`."""
    if mutation.edit_bytes is not None:
        return mutation.edit_bytes(data)
    root = parse(data).root
    assert root is not None  # noqa: S101 -- the envelope was valid
    assert mutation.edit is not None  # noqa: S101 -- every mutation has one of the two
    tree = Tree(root)
    mutation.edit(tree)
    return tree.to_bytes()
