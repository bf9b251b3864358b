"""Checks that a verdict does not depend on the messages judged before.

`python -m tests.judge.order_of_judging 10000` draws that many pairs of messages. In one forked
process the second message is judged alone, in another one after the first, by the same validator
and the same endpoints. The pairs with different results are printed.
"""

import json
import os
import random
import sys
from collections.abc import Sequence

from pytest_soblob import EnvelopeValidator, HttpRequest, HttpResponse, StubEndpoint
from pytest_soblob.judge.violations import Violation
from tests.judge.test_fast_path import draw_message, mutate, sent


def draw_pair(chance: random.Random) -> tuple[HttpRequest, HttpRequest]:
    """Two requests, often with one head, or with one body that is changed a little."""
    body = draw_request(chance)
    other = mutate(body, chance) if body and chance.random() < 0.6 else draw_request(chance)
    first, second = sent(body, chance), sent(other, chance)
    if chance.random() < 0.5:
        second = HttpRequest(target=first.target, headers=first.headers, body=other)
    return first, second


def draw_request(chance: random.Random) -> bytes:
    kind, data = draw_message(chance)
    for _ in range(chance.choice([0, 1, 1, 2])):
        data = mutate(data, chance) if data else data
    return data if kind == "request" else draw_request(chance)


def judge_last(requests: Sequence[HttpRequest]) -> str:
    """The findings on the last request as text: of a validator, and of both behaviours."""
    validator = EnvelopeValidator("request", operation=None)
    said: list[object] = []
    for request in requests:
        said = [[in_full(v) for v in validator.judge(request).violations]]
        said.append([in_full(v) for v in validator.judge(request.body).violations])
    for behaviour in ("strict", "wcf"):
        endpoint = StubEndpoint(behaviour=behaviour)
        for request in requests:
            answer = endpoint.handle(request).response
        assert isinstance(answer, HttpResponse)
        found = endpoint.exchanges[-1].violations
        said.append([in_full(v) for v in found if v.family != "flow"])
        said.append(answer.status)
    return json.dumps(said)


def in_full(violation: Violation) -> object:
    return [violation.to_json(), violation.change, violation.server, violation.excerpt]


def apart(requests: Sequence[HttpRequest]) -> str:
    """The same, in a process that is forked off."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            with os.fdopen(write, "w") as sink:
                sink.write(judge_last(requests))
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as source:
        said = source.read()
    os.waitpid(child, 0)
    return said


def main(count: int, seed: int) -> int:
    """Print how many differ, and the first of them."""
    chance = random.Random(seed)
    different = 0
    for _ in range(count):
        first, second = draw_pair(chance)
        alone, after = apart([second]), apart([first, second])
        if not alone or alone != after:
            different += 1
            if different <= 3:
                sys.stdout.write(f"{first!r} {first.headers}\n{first.body[:2000]!r}\n")
                sys.stdout.write(f"{second!r} {second.headers}\n{second.body[:2000]!r}\n")
                sys.stdout.write(f"alone {alone}\nafter {after}\n")
    sys.stdout.write(f"{count} pairs, {different} different\n")
    return int(bool(different))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 86))
