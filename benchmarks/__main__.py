"""`python -m benchmarks NAME`: measurements side by side, each in one interleaved run.

Something of ours runs twice in each round, as a null control: if the two differ by much, the
machine is too noisy to say anything.
"""

import argparse
import importlib
import json
from pathlib import Path

NAMES = ("bulk", "endpoint", "judge", "load", "peers")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    options = parser.parse_args()
    figures = importlib.import_module(f"benchmarks.{options.name}").run(options.rounds)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
