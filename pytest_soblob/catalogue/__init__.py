"""Every rule, as data, by family; `RULES` maps ids to rules.

To add one: put it into its family's module, yield it from the same family's validator, and give
it a case in `tests/mistakes.py`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from pytest_soblob._text import did_you_mean
from pytest_soblob.catalogue import body, envelope, fault, flow, header, http, payload, xml
from pytest_soblob.catalogue._scope import kinds_of, profiles_of
from pytest_soblob.catalogue._sides import SIDES
from pytest_soblob.errors import SoblobError
from pytest_soblob.violations import Rule

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
        SoblobError: One of them is not a rule's; the nearest id is named.
    """
    known = tuple(ids)
    for rule_id in known:
        if str(rule_id) not in RULES:
            raise SoblobError(f"there is no rule {rule_id!r}{did_you_mean(rule_id, RULES)}")
    return known


def choose_rules(names: Iterable[str]) -> tuple[Rule, ...]:
    """Return the rules that are named by id or by family, in the catalogue's order; all for none.

    Raises:
        SoblobError: A name is neither; the nearest is named.
    """
    wanted = set(names)
    families = {rule.family for rule in RULES.values()}
    for name in sorted(wanted):
        if name not in RULES and name not in families:
            hint = did_you_mean(name, (*RULES, *families))
            raise SoblobError(f"there is no rule and no family {name!r}{hint}")
    return tuple(rule for rule in RULES.values() if not wanted or {rule.id, rule.family} & wanted)
