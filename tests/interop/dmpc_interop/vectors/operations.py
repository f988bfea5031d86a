"""Operations, issues, lanes, encodings and logs."""

from __future__ import annotations

from dmpc.v1 import operation_pb2 as op
from dmpc.v1 import transaction_pb2 as tx
from google.protobuf.message import Message

from dmpc_interop import digest, domains, kinds, operation, schemas, wire
from dmpc_interop.domains import Domain, derive
from dmpc_interop.equivocation import Equivocation
from dmpc_interop.fold import fold, judge
from dmpc_interop.lanes import lane_of, link_of
from dmpc_interop.operation import Operation
from dmpc_interop.state import State
from dmpc_interop.vectors.case import Case, data, same

_PENDING = ("unknown_issuer", "unknown_certifier", "unknown_subject", "unknown_channel", "unknown_epoch")
# The codes of verdicts, in the order of their table.
_CODES = {"": 0} | {word: code for code, word in enumerate(_PENDING, start=1)}
_CODES |= {
    word: code
    for code, word in enumerate(
        (
            "issuer_inactive",
            "issuer_key",
            "certifier_inactive",
            "certifier_key",
            "permission_missing",
            "attenuation",
            "root_fixed",
            "right_missing",
            "channel_closed",
            "channel_exists",
            "duplicate_issue",
        ),
        start=32,
    )
}


def verified(encoded: bytes) -> Operation:
    """An operation as a node takes it."""
    made = Operation.decode(encoded)
    made.verify()
    return made


def kind_name(made: Operation) -> str:
    """The name of a kind, as tables have it."""
    return op.Kind.Name(made.header.kind).removeprefix("KIND_").lower().replace("_", ".")


def operation_(case: Case) -> None:
    """An operation, taken apart and made again, or refused."""
    if not case.accepted:
        case.run(lambda: verified(case.data("operation")))
        return
    made = verified(data(case.values["operation"]))
    _check_parts(case, made)
    _check_made_again(case, made)
    case.expect(
        operation_id=made.id,
        key=made.key,
        kind=kind_name(made),
        issuer=made.header.issuer,
        certifier=made.certifier,
        timestamp=made.timestamp.to_bytes(8, "big"),
        channel=made.header.channel or None,
        issue_id=made.issue_id if made.certification else None,
    )


def _check_parts(case: Case, made: Operation) -> None:
    schema, kind = kinds.SCHEMAS[made.header.kind]
    parts = {
        "operation": made.data,
        "header": wire.encode(schemas.HEADER, made.header),
        "payload": wire.encode(schema, made.payload),
        "body": made.body,
        "signature": made.signature,
        "signed_hash": derive(Domain.SIGN_ISSUE if made.header.certifier else Domain.SIGN_OPERATION, made.body),
    }
    if made.certification:
        parts |= {
            "issue_id": made.issue_id,
            "certification": wire.encode(schemas.CERTIFICATION, made.certification),
            "certification_signature": made.certification_signature,
            "certification_signed_hash": derive(Domain.SIGN_CERTIFICATION, made.certification_bytes),
        }
    if made.header.kind == op.KIND_CHANNEL_OPEN:
        parts |= {"genesis": made.payload.genesis, "key_id": kinds.genesis_of(made.payload).key_id}
    if made.header.kind == op.KIND_CHANNEL_EPOCH:
        parts |= {"key_id": made.payload.epoch.key_id}
    if made.header.kind == op.KIND_CHANNEL_MEMBERS and made.payload.epochs:
        parts |= {"key_id": made.payload.epochs[0].key_id}
    if made.header.key_id:
        parts |= {"key_id": made.header.key_id}
    if "epoch_key" in case.inputs:
        same("key id", parts["key_id"], domains.key_id(case.data("epoch_key")))
    for name in case.values:
        case.value_is(name, parts[name])
    same("type", type(made.payload), kind)


def _check_made_again(case: Case, made: Operation) -> None:
    """Ed25519 is deterministic: whoever has the seeds makes the same bytes."""
    header = made.header
    payload = op.Body.FromString(made.body).payload
    draft = operation.Draft(header.kind, payload, header.channel, header.key_id)
    issuer = case.person("issuer")
    if made.certification is None:
        again = operation.sign(issuer, draft, header.issued_at, header.link)
    else:
        issued = operation.issue(issuer, draft, header.issued_at, header.certifier)
        again = operation.certify(case.person("certifier"), issued, case.number("certified_at"), link_of(made))
    same("made again", again.data, made.data)


def issue(case: Case) -> None:
    """An issue that its certifier makes an operation of."""
    issued = case.data("issue")
    certification = op.Certification.FromString(data(case.values["certification"]))
    made = operation.certify(case.person("certifier"), issued, case.number("certified_at"), certification.link)
    made.verify()
    case.value_is("issue_id", operation.decode_issue(issued).issue_id)
    case.value_is("certification", made.certification_bytes)
    case.expect(certifier=made.certifier, operation=made.data, operation_id=made.id)


def lane(case: Case) -> None:
    """Operations of one lane."""
    made = [verified(data(value)) for value in case.inputs["operations"]]
    same("ids", [one.id.hex() for one in made], case.values["operation_ids"])
    same("lane", vars(lane_of(made)), case.expected)


def equivocation(case: Case) -> None:
    """Two operations that prove an equivocation, or do not."""
    first, second = map(data, case.inputs["operations"])
    found = case.run(lambda: Equivocation.of(first, second))
    if case.accepted:
        link = link_of(found.one)
        text = found.to_text()
        case.expect(user=found.one.certifier, key=found.one.certifier_key, lane=link.lane, seq=int(link.seq), text=text)
        same("read again", Equivocation.from_text(text), found)


def equivocation_text(case: Case) -> None:
    """A text that is no proof of an equivocation."""
    case.run(lambda: Equivocation.from_text(case.inputs["text"]))


def wire_(case: Case) -> None:
    """One message alone."""
    schema = schemas.BY_NAME[case.inputs["message"]]
    kind: type[Message] = getattr(op, schema.name, None) or getattr(tx, schema.name)
    found = case.run(lambda: wire.decode(schema, kind, case.data("bytes")))
    if case.accepted:
        same("encoded again", wire.encode(schema, found), case.data("bytes"))


def log(case: Case) -> None:
    """A log, folded."""
    same("ruleset", case.inputs["ruleset"], digest.RULESET)
    roots = {
        data(root["user"]): (data(root["signing_key"]), data(root["encryption_key"])) for root in case.inputs["roots"]
    }
    made = [verified(data(value)) for value in case.inputs["operations"]]
    same("order", [one.key for one in made], sorted(one.key for one in made))
    state = State(roots)
    for one, wanted in zip(made, case.expected["operations"], strict=True):
        before, word = len(state.elements), judge(state, one)
        if not word:
            state.apply(one)
        elements = [element for _, element in state.elements]
        verdict = "pending" if word in _PENDING else "rejected" if word else "applied"
        found = {
            "operation_id": one.id.hex(),
            "key": one.key.hex(),
            "kind": kind_name(one),
            "verdict": verdict,
            "code": _CODES[word],
            "reason": word,
            "elements": sorted(element.hex() for element in elements[before:]),
            "state_digest_after": digest.state_digest(roots, elements).hex(),
        }
        same(one.id.hex(), found, {**wanted, "elements": sorted(wanted["elements"])})
    # The order of arrival is of no matter.
    folded = fold(roots, reversed(made))
    channels = sorted({channel for channel, _ in folded.state.elements if channel})
    found_end = {
        "state_digest": folded.state_digest.hex(),
        "log_digest": folded.log_digest.hex(),
        "latest": max((one.timestamp for one in made), default=0).to_bytes(8, "big").hex(),
        "channels": [{"channel": one.hex(), "digest": folded.channel_digest(one).hex()} for one in channels],
    }
    wanted_end = {name: value for name, value in case.expected.items() if name not in ("operations", "result")}
    same("end", found_end, wanted_end)
