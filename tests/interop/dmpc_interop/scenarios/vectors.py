"""Every vector of the project, of every check."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from dmpc_interop.errors import Refused
from dmpc_interop.scenarios.stage import Arguments, Result, expect, scenario
from dmpc_interop.vectors import basics, operations, seals
from dmpc_interop.vectors.case import Case

FORMAT = "dmpc vectors 1"
# Age bytes that the others are made of; it has no cases.
NO_CASES = "sealed.json"

_CHECKS: dict[str, Callable[[Case], None]] = {
    "age_shape": seals.age_shape,
    "checkpoint": basics.checkpoint,
    "equivocation": operations.equivocation,
    "equivocation_text": operations.equivocation_text,
    "fingerprint": basics.fingerprint,
    "hash": basics.hash_,
    "id_text": basics.id_text,
    "identity_file": basics.identity_file,
    "issue": operations.issue,
    "lane": operations.lane,
    "log": operations.log,
    "multiset": basics.multiset,
    "open_content": seals.open_content,
    "open_wrap": seals.open_wrap,
    "operation": operations.operation_,
    "order": basics.order,
    "public_key": basics.public_key,
    "request": seals.request_,
    "sealed_answer": seals.sealed_answer,
    "signature": basics.signature,
    "tick": basics.tick,
    "time": basics.time,
    "transaction": seals.transaction_,
    "wire": operations.wire_,
}
# Checks of things that this client does not have: it speaks the binary subprotocol alone.
_NOT_HERE = frozenset({"json"})


@scenario
def vectors(arguments: Arguments) -> Result:
    """Checks every case of every file below `folder`; how many there are of each check, and what went wrong."""
    folder = Path(arguments["folder"])
    checked: Counter[str] = Counter()
    left: Counter[str] = Counter()
    faults: list[str] = []
    for path in sorted(folder.rglob("*.json")):
        name = str(path.relative_to(folder))
        if name == NO_CASES:
            continue
        found = json.loads(path.read_text(encoding="utf-8"))
        expect("format", found["format"], FORMAT)
        check = found["check"]
        for entry in found["cases"]:
            if check in _NOT_HERE:
                left[check] += 1
                continue
            checked[check] += 1
            try:
                _CHECKS[check](Case(entry))
            except (AssertionError, Refused, KeyError) as fault:
                faults.append(f"{name}, {entry['name']}: {type(fault).__name__} {fault}")
    return {"checked": checked, "not_here": left, "faults": faults}
