"""`python -m benchmarks NAME`: interleaved measurements of several candidates in one run.

In each round one of our candidates runs twice, as a null control: if the two results differ by
much, the machine is too noisy for a conclusion.
"""

import argparse
import importlib
import json
from pathlib import Path

NAMES = (
    "bulk",
    "consumer",
    "drawing",
    "endpoint",
    "judge",
    "load",
    "peers",
    "power",
    "shrinking",
    "uploads",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to FILE")
    options = parser.parse_args()
    figures = importlib.import_module(f"benchmarks.{options.name}").run(options.rounds)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
