"""Judge a folder of recorded envelopes with dask: `python judge_archive.py FOLDER`.

On one machine `soblob validate --jobs N FOLDER` does the same. This script is for an archive on a
cluster: connect the `Client` to its scheduler.
"""

import sys
from collections import Counter
from pathlib import Path

import dask.bag
from dask.distributed import Client, LocalCluster

from pytest_soblob import EnvelopeValidator

Finding = tuple[str, list[str]]


def judge(file: str, validator: EnvelopeValidator) -> Finding:
    """Return a file's name and the rules that it breaks, so that little data leaves the worker."""
    verdict = validator.judge(Path(file).read_bytes())
    return file, [violation.rule for violation in verdict.errors]


def judge_archive(folder: Path, validator: EnvelopeValidator, client: Client) -> list[Finding]:
    """Judge each .xml file below a folder that every worker can read, in sorted order."""
    files = sorted(str(file) for file in folder.rglob("*.xml"))
    if not files:
        return []
    # The validator can be pickled; it is sent once for each partition.
    bag = dask.bag.from_sequence(files, partition_size=500).map(judge, validator=validator)
    findings: list[Finding] = client.compute(bag).result()
    return findings


def local_cluster() -> LocalCluster:
    """Start two worker processes on this machine, on loopback only, without a dashboard."""
    return LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",  # any free port, for the health page
        scheduler_kwargs={"dashboard": False},
    )


def main() -> int:
    """Print how often each rule is broken; return 1 if any is, else 0."""
    with local_cluster() as cluster, Client(cluster) as client:
        findings = judge_archive(Path(sys.argv[1]), EnvelopeValidator(), client)
    counts = Counter(rule for _, rules in findings for rule in rules)
    for rule, count in counts.most_common():
        sys.stdout.write(f"{count:>8,} x {rule}\n")
    return int(bool(counts))


if __name__ == "__main__":  # the worker processes import this file
    sys.exit(main())
