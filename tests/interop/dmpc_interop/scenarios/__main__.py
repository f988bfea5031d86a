"""`python -m dmpc_interop.scenarios NAME JSON`: runs a scenario and prints its result as one line of JSON."""

from __future__ import annotations

import json
import sys

from dmpc_interop.scenarios import (  # noqa: F401
    audits,
    conversations,
    listening,
    nodes,
    requests,
    schemas,
    users,
    vectors,
    worlds,
)
from dmpc_interop.scenarios.stage import SCENARIOS


def main() -> int:
    """Runs the scenario that the command line names."""
    match sys.argv[1:]:
        case [name] if name in SCENARIOS:
            arguments = {}
        case [name, text] if name in SCENARIOS:
            arguments = json.loads(text)
        case _:
            sys.stderr.write(f"usage: python -m dmpc_interop.scenarios NAME [JSON]\nnames: {', '.join(SCENARIOS)}\n")
            return 2
    sys.stdout.write(json.dumps(SCENARIOS[name](arguments)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
