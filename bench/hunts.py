"""Hunts over generated logs: are all planted thefts found, how many findings are false, how long, how much.

    python bench/hunts.py                     10 million sign-ins, 200 thefts
    python bench/hunts.py --growth            also a quarter and a half of them: does time outgrow rows?
    python bench/hunts.py --rows 1000000

DuckDB makes the logs (``bench/generated_logs``), from a seed, as Parquet in the shapes of Log Analytics (Entra),
the Okta System Log and Auth0's tenant log. Hunting runs in a process of its own, whose peak memory is told.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from generated_logs.thefts import MADE_FOR
from generated_logs.writing import generate

from detectors.hunts.catalogue import hunts
from detectors.hunts.hunting import Limits, hunting_ground


def hunt(logs: Path) -> None:
    """What the process that is measured does: hunt over everything, print what was found and took."""
    began = time.perf_counter()
    seconds: dict[str, float] = {}
    found = []
    with hunting_ground([logs], limits=Limits(threads=2)) as ground:
        seconds["read and count"] = time.perf_counter() - began
        rows = ground.taken.total
        for each in hunts().values():
            at = time.perf_counter()
            found += [(f.hunt, f.severity, f.user_name, f.user_id, f.why) for f in ground.go(each)]
            seconds[each.name] = time.perf_counter() - at
    print(
        json.dumps(
            {
                "rows": rows,
                "seconds": time.perf_counter() - began,
                "parts": seconds,
                "cpu_seconds": time.process_time(),
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "found": found,
            }
        )
    )


def measure(rows: int, thefts: int, seed: int, *, verbose: bool) -> tuple[float, float, int, bool]:
    with tempfile.TemporaryDirectory(prefix="rescind-bench-") as folder:
        began = time.perf_counter()
        victims = generate(Path(folder), rows, thefts, seed)
        made = time.perf_counter() - began
        ran = subprocess.run(
            [sys.executable, __file__, "--hunt", str(Path(folder) / "logs")],
            capture_output=True,
            check=True,
            text=True,
        )
    told = json.loads(ran.stdout)
    alerts = [each for each in told["found"] if each[1] != "low"]
    ids = {name.split("@")[0].removeprefix("person"): name for name in victims}

    def victim(each: list[str]) -> str | None:
        name = each[2] or ""
        return name if name in victims else ids.get((each[3] or "").removeprefix("auth0|"))

    hit = {name for each in alerts if (name := victim(each))}
    false = [each for each in alerts if victim(each) is None]
    missed = sorted(set(victims) - hit)
    share = len(false) / max(1, len(alerts))
    print(
        f"{told['rows']:,} rows ({rows:,} sign-ins asked for), generated in {made:.0f} s, seed {seed}"
    )
    print(
        f"  {told['seconds']:.1f} s ({told['cpu_seconds']:.1f} s of processor), peak memory {told['peak_mb']:.0f} MB, 2 threads"
    )
    print(
        f"  {len(hit)} of {len(victims)} thefts found; {len(alerts)} findings, {len(false)} false ({share:.2%});"
        f" {len(told['found']) - len(alerts)} listed as low"
    )
    for kind, name in MADE_FOR.items():
        theirs = {who for who, what in victims.items() if what == kind}
        own = theirs & {victim(each) for each in alerts if each[0] == name}
        if verbose or not own:
            print(f"    {len(own)} of {len(theirs)} {kind} by {name} itself")
    if verbose:
        for name, took in told["parts"].items():
            print(f"    {took:6.2f} s  {name}")
    for name in missed[:20]:
        print(f"  missed: {name} ({victims[name]})")
    for each in false[:20]:
        print(f"  false: {each[0]} {each[2]}: {each[4]}")
    return (
        told["seconds"],
        told["cpu_seconds"],
        told["rows"],
        not missed and share <= 0.01 and told["peak_mb"] <= 4096,
    )


def main() -> int:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--rows", type=int, default=10_000_000)
    arguments.add_argument("--thefts", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=7)
    arguments.add_argument("--growth", action="store_true")
    arguments.add_argument("--limit", type=float, default=60.0, help="seconds for all rows")
    arguments.add_argument("--hunt", type=Path, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.hunt:
        hunt(given.hunt)
        return 0
    sizes = [given.rows // 4, given.rows // 2, given.rows] if given.growth else [given.rows]
    took = []
    good = True
    for size in sizes:
        seconds, processor, rows, right = measure(
            size, given.thefts, given.seed, verbose=size == given.rows
        )
        took.append((rows, processor))
        good &= right
    good &= seconds <= given.limit
    if given.growth:
        # by what the processor did: on a busy machine the clock tells of the others
        (few, quick), (many, slow) = took[0], took[-1]
        print(f"  {many / few:.2f} times the rows take {slow / quick:.2f} times the processor")
        good &= slow / quick <= 1.05 * many / few
    print("within the bounds" if good else "NOT within the bounds")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())


if __name__ == "__main__":
    sys.exit(main())
