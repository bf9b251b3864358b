"""Every rule, as data, by family; `RULES` maps ids to rules.

To add a rule: define it in the module of its family, report it in the validator of the same family,
and add an invalid message to `tests/mistakes.py`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from pytest_soblob._text import did_you_mean
from pytest_soblob.errors import SoblobError
from pytest_soblob.judge.catalogue import body, envelope, fault, flow, header, http, payload, xml
from pytest_soblob.judge.catalogue._scope import kinds_of, profiles_of
from pytest_soblob.judge.catalogue._sides import SIDES
from pytest_soblob.judge.violations import Rule

RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        rule.id: replace(
            rule,
            kinds=kinds_of(rule.id),
            profiles=profiles_of(rule.id),
            side=SIDES.get(rule.id),
        )
        for family in (http, xml, envelope, header, body, payload, fault, flow)
        for rule in family.RULES
    }
)


def check_rule_ids(ids: Iterable[str]) -> tuple[str, ...]:
    """Return the ids as a tuple.

    Raises:
        SoblobError: If one of them is not the id of a rule; the message suggests the nearest id.
    """
    known = tuple(ids)
    for rule_id in known:
        given: object = rule_id
        if not isinstance(given, str):
            raise SoblobError(
                f"each rule must be a str with its id, not a {type(given).__name__}: "
                f"{', '.join(map(repr, given)) if isinstance(given, list | tuple) else 'a str'}"
            )
        if rule_id not in RULES:
            raise SoblobError(f"there is no rule {rule_id!r}{did_you_mean(rule_id, RULES)}")
    return known


def choose_rules(names: Iterable[str]) -> tuple[Rule, ...]:
    """Return the rules with these ids and of these families, in the order of the catalogue.

    Args:
        names: Ids and families; empty for all rules.

    Raises:
        SoblobError: If a name is neither; the message suggests the nearest one.
    """
    wanted = set(names)
    families = {rule.family for rule in RULES.values()}
    for name in sorted(wanted):
        if name not in RULES and name not in families:
            hint = did_you_mean(name, (*RULES, *families))
            raise SoblobError(f"there is no rule and no family {name!r}{hint}")
    return tuple(rule for rule in RULES.values() if not wanted or {rule.id, rule.family} & wanted)
