"""Messages that break one rule: `malformed_requests()`, `malformed_responses()`."""

from collections.abc import Collection, Sequence
from functools import cache, cached_property, lru_cache

from hypothesis import event
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from pytest_soblob.contract import Profile
from pytest_soblob.generate.mutations import Mutation, find_mutations
from pytest_soblob.generate.specimens import MalformedBytes
from pytest_soblob.images.encoding import ImageBytes
from pytest_soblob.soap.binding import Spelling
from pytest_soblob.soap.messages import Fault, SaveImageStreamRequest, SaveImageStreamResponse
from pytest_soblob.strategies._arguments import check_bool, check_names, listed
from pytest_soblob.strategies._classic_images import classic_images
from pytest_soblob.strategies._descriptions import descriptions
from pytest_soblob.strategies._envelopes import PROFILES, checked_profiles
from pytest_soblob.strategies._messages import exception_infos, faults, requests
from pytest_soblob.strategies._naming import changed, number_below, shown_as

# Each from a range of its own: see `number_below`.
_PROFILE_NUMBERS, _FAMILY_NUMBERS, _RULE_NUMBERS, _WAY_NUMBERS = 12, 60, 240, 252
_BLOB_IDS = 65_535
_LARGEST_IMAGE_BYTES = 10_000
_STYLES = (
    Spelling(),
    Spelling(indent=True),
    Spelling(nil=True),
    Spelling(indent=True, nil=True),
)


def malformed_rules(
    kind: str = "request", *, profiles: Collection[Profile | str] = PROFILES, http: bool = False
) -> tuple[str, ...]:
    """Return the ids of the rules that `malformed_*` can break, for `parametrize`.

    ::

        @pytest.mark.parametrize("rule", soblob_st.malformed_rules("response"))
        def test_client_survives(rule): ...

    Args:
        kind: `request` or `response`.
        profiles: The forms to choose from: `wsdl`, `soap12`, `documented`.
        http: Whether those of family `http` are among them, which whole HTTP messages break.

    Raises:
        InvalidArgument: Another kind; `profiles` is empty, or contains an unknown one or `auto`;
            `http` is no bool.
    """
    check_bool("http", http)
    check_names("kind", (kind,), ("request", "response"))
    found = _ways(kind, checked_profiles(profiles))
    return tuple(dict.fromkeys(m.rule for m, _ in found if http or not m.is_http))


def malformed_requests(
    *,
    profiles: Collection[Profile | str] = PROFILES,
    rules: Collection[str] | None = None,
) -> st.SearchStrategy[MalformedBytes]:
    """Draw request envelopes that break one error rule; `.rule` says which.

    A family of rules is drawn, then a rule of it, then a way to break that. `assert_valid_request`
    and `EnvelopeValidator` judge by `.profile` and `.installation` unless told otherwise.

    Args:
        profiles: The forms to choose from. `.profile` says which.
        rules: Ids to choose from; None means all that an envelope can break. For a rule of family
            `http` a whole raw HTTP message is drawn.

    Raises:
        InvalidArgument: Unknown profile or rule, or a rule that no mutation breaks there.
    """
    return _malformed_requests_drawn(**_checked("request", profiles, rules))  # type: ignore[arg-type]


def malformed_responses(
    *,
    profiles: Collection[Profile | str] = PROFILES,
    rules: Collection[str] | None = None,
) -> st.SearchStrategy[MalformedBytes]:
    """Draw response envelopes that break one error rule; `.rule` says which.

    A family of rules is drawn, then a rule of it, then a way to break that. `assert_valid_response`
    and `EnvelopeValidator` judge by `.profile` unless told otherwise.

    Args:
        profiles: The forms to choose from. `.profile` says which.
        rules: Ids to choose from; None means all that an envelope can break. For a rule of family
            `http` a whole raw HTTP message is drawn.

    Raises:
        InvalidArgument: Unknown profile or rule, or a rule that no mutation breaks there.
    """
    return _malformed_responses_drawn(**_checked("response", profiles, rules))  # type: ignore[arg-type]


@shown_as("malformed_requests")
def _malformed_requests_drawn(
    draw: st.DrawFn, *, profiles: Sequence[str] = PROFILES, rules: list[str] | None = None
) -> MalformedBytes:
    return _broken(draw, "request", profiles, rules)


@shown_as("malformed_responses")
def _malformed_responses_drawn(
    draw: st.DrawFn, *, profiles: Sequence[str] = PROFILES, rules: list[str] | None = None
) -> MalformedBytes:
    return _broken(draw, "response", profiles, rules)


def _checked(
    kind: str, profiles: Collection[Profile | str], rules: Collection[str] | None
) -> dict[str, object]:
    """Return the arguments that are shown, or refuse them."""
    allowed = checked_profiles(profiles)
    chosen = None
    if rules is not None:
        known = dict.fromkeys(mutation.rule for mutation in find_mutations(kind))
        chosen = list(check_names("rules", rules, known))
        possible = {mutation.rule for mutation, _ in _ways(kind, allowed)}
        if impossible := [rule for rule in chosen if rule not in possible]:
            raise InvalidArgument(f"rules {listed(impossible)} cannot be broken in {profiles=}")
    given: dict[str, object] = {"profiles": list(map(str, allowed)), "rules": chosen}
    return changed(given, {"profiles": list(map(str, PROFILES)), "rules": None})


_Way = tuple[Mutation, str]
_Family = tuple[tuple[Mutation, ...], ...]


@cache
def _ways(kind: str, profiles: tuple[str, ...]) -> tuple[_Way, ...]:
    return tuple(
        (mutation, profile)
        for mutation in find_mutations(kind)
        for profile in profiles
        if profile in mutation.profiles
    )


@lru_cache(maxsize=64)
def _menu(
    kind: str, profiles: tuple[str, ...], rules: tuple[str, ...] | None
) -> tuple[tuple[str, tuple[_Family, ...]], ...]:
    """Return each profile in which something can be broken, with families, their rules, ways."""
    menu: dict[str, dict[str, dict[str, list[Mutation]]]] = {}
    for mutation, profile in _ways(kind, profiles):
        if mutation.is_http if rules is None else mutation.rule not in rules:
            continue
        family = menu.setdefault(profile, {}).setdefault(mutation.rule.partition(".")[0], {})
        family.setdefault(mutation.rule, []).append(mutation)
    return tuple(
        (profile, tuple(tuple(map(tuple, family.values())) for family in families.values()))
        for profile, families in menu.items()
    )


def _broken(
    draw: st.DrawFn, kind: str, profiles: Sequence[str], rules: list[str] | None
) -> MalformedBytes:
    menu = _menu(kind, tuple(profiles), None if rules is None else tuple(rules))
    profile, families = menu[draw(number_below(_PROFILE_NUMBERS)) % len(menu)]
    family = families[draw(number_below(_FAMILY_NUMBERS)) % len(families)]
    ways = family[draw(number_below(_RULE_NUMBERS)) % len(family)]
    mutation = ways[draw(number_below(_WAY_NUMBERS)) % len(ways)]
    event(f"malformed: {mutation.rule}")
    message = draw(_usual.that_fits(mutation, kind))
    same = find_mutations(kind, rule=mutation.rule, profile=Profile(profile), message=message)
    return MalformedBytes(
        mutation.rule,
        message,
        variant=same.index(mutation),
        profile=profile,
        spelling=_STYLES[draw(number_below(len(_STYLES)))],
    )


@shown_as("complete_responses")
def _complete_response(draw: st.DrawFn) -> SaveImageStreamResponse:
    number = draw(number_below(_BLOB_IDS))
    if number % 2 == 0:
        return SaveImageStreamResponse(blob_id=number // 2 + 1, succeeded=True)
    return SaveImageStreamResponse(
        blob_id=0, succeeded=False, exception_info=draw(_usual.exception_infos)
    )


def _small_images() -> tuple[ImageBytes, ...]:
    """Return images of which none is most of the time that an example takes."""
    return tuple(image for image in classic_images() if len(image) <= _LARGEST_IMAGE_BYTES)


class _Usual:
    """The right messages that are broken; each has all that a rule may be about."""

    requests = cached_property(
        lambda _: requests(
            images=st.sampled_from(_small_images()),
            descriptions=descriptions(nullable=False).map(lambda text: text or "a"),
        )
    )
    responses = cached_property(lambda _: _complete_response())
    exception_infos = cached_property(lambda _: exception_infos())
    faults = cached_property(lambda _: faults())

    def that_fits(
        self, mutation: Mutation, kind: str
    ) -> st.SearchStrategy[SaveImageStreamRequest | SaveImageStreamResponse | Fault]:
        """Return the first in which it can be done: one order, so that it shrinks one way."""
        if kind == "request":
            return self.requests
        message = mutation.message
        accepted = message if isinstance(message, tuple) else (message,)
        is_fault = not any(issubclass(SaveImageStreamResponse, one) for one in accepted)
        return self.faults if is_fault else self.responses


_usual = _Usual()
