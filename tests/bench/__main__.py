"""All measurements, one after another: `make bench`, or `make bench ARGS="holds relay"`."""

from __future__ import annotations

import subprocess
import sys

MODULES = {
    "holds": "tests.bench.holds_rate",
    "relay": "tests.bench.relay_rate",
    "latency": "tests.bench.commit_to_client",
    "fanout": "tests.bench.gateway.fanout",
    "curves": "tests.bench.gateway.curves",
    "storms": "tests.bench.gateway.storms",
    "neighbours": "tests.bench.gateway.neighbours",
}


def main(names: list[str]) -> int:
    """Each in a process of its own, so that none inherits another's heap. The exit status."""
    unknown = [name for name in names if name not in MODULES]
    if unknown:
        print(f"no such measurement: {', '.join(unknown)}; there are {', '.join(MODULES)}")
        return 2
    failed = []
    for name in names or MODULES:
        print(f"\n== {name} ==", flush=True)
        if subprocess.run([sys.executable, "-m", MODULES[name]], check=False).returncode:
            failed.append(name)
    if failed:
        print(f"\nfailed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
