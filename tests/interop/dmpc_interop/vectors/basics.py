"""Hashes, ids, texts, times, keys and digests."""

from __future__ import annotations

from blake3 import blake3

from dmpc_interop import digest, domains, hlc, ids
from dmpc_interop.checkpoint import Checkpoint
from dmpc_interop.domains import Domain, derive
from dmpc_interop.identity import Identity
from dmpc_interop.ids import Name
from dmpc_interop.keys import check_encryption_key, check_signing_key, verify
from dmpc_interop.vectors.case import Case, data, same

_DOMAINS = {domain.context: domain for domain in Domain}
# Uses that are local to a node, which a client has no need of.
_LOCAL = ("dmpc v1 feed generation", "dmpc v1 head slot", "dmpc v1 log file")
_NAMES = {
    "user": Name.USER,
    "channel": Name.CHANNEL,
    "node": Name.NODE,
    "operation": Name.OPERATION,
    "issue": Name.ISSUE,
    "key": Name.KEY_ID,
    "lane": Name.LANE,
}


def hash_(case: Case) -> None:
    """A hash in a domain."""
    context = case.inputs["context"]
    length = len(case.expected["hash"]) // 2
    if context in _LOCAL:
        found = blake3(case.data("input"), derive_key_context=context).digest(length=length)
    else:
        found = derive(_DOMAINS[context], case.data("input"), length=length)
    case.expect(hash=found)


def fingerprint(case: Case) -> None:
    """Public keys, ids and texts of a person."""
    who = case.person("person")
    signing, encryption = who.signing.public, who.encryption.public
    user, node = domains.user_id(signing, encryption), domains.node_id(signing, encryption)
    case.value_is("signing_key", signing)
    case.value_is("encryption_key", encryption)
    case.value_is("countersignature_hash", derive(Domain.SIGN_COUNTERSIGNATURE, user, signing))
    case.expect(
        user_id=user,
        user_text=ids.write(Name.USER, user),
        node_id=node,
        node_text=ids.write(Name.NODE, node),
        recipient_text=ids.write(Name.ENCRYPTION_KEY, encryption),
        signing_secret_text=who.signing.to_text(),
        encryption_secret_text=who.encryption.to_text(),
        countersignature=who.signing.countersign(user),
    )


def id_text(case: Case) -> None:
    """An id as text."""
    name, text = _NAMES[case.inputs["type"]], case.inputs["text"]
    found = case.run(lambda: ids.read(name, text))
    if case.accepted:
        case.expect(bytes=found)
        same("text", ids.write(name, found), text.lower())


def identity_file(case: Case) -> None:
    """A file of an identity."""
    found = case.run(lambda: Identity.from_text(case.inputs["text"]))
    if case.accepted:
        wanted = case.expected["person"]
        same("user", found.user.hex(), wanted["user"])
        signing = ids.read(Name.SECRET_SIGNING_KEY, found.signing.to_text())
        encryption = ids.read(Name.SECRET_ENCRYPTION_KEY, found.encryption.to_text())
        same("keys", (signing.hex(), encryption.hex()), (wanted["signing_seed"], wanted["encryption_secret"]))
        same("written", Identity.from_text(found.to_text()).to_text(), found.to_text())


def time(case: Case) -> None:
    """The forms of a timestamp."""
    stamp = hlc.from_ms(case.inputs["milliseconds"], case.inputs["counter"])
    case.expect(key_bytes=stamp.to_bytes(8, "big"), wire_bytes=stamp.to_bytes(8, "little"), text=hlc.to_text(stamp))
    same("read", hlc.from_text(hlc.to_text(stamp)), stamp)


def tick(case: Case) -> None:
    """The next timestamp."""
    found = case.run(lambda: hlc.next_after(case.number("seen"), case.inputs["now_milliseconds"]))
    if case.accepted:
        case.expect(timestamp=found.to_bytes(8, "big"))


def order(case: Case) -> None:
    """The order of everything."""
    keys = sorted(bytes.fromhex(key) for key in case.inputs["keys"])
    same("sorted", [key.hex() for key in keys], case.expected["sorted"])


def public_key(case: Case) -> None:
    """A key that may be of small order."""
    check = {"signing": check_signing_key, "encryption": check_encryption_key}[case.inputs["type"]]
    case.run(lambda: check(case.data("key")))


def signature(case: Case) -> None:
    """A signature, by ZIP 215."""
    domain = _DOMAINS[case.inputs["context"]]
    case.value_is("signed_hash", derive(domain, case.data("input")))
    case.run(lambda: verify(case.data("key"), domain, case.data("input"), case.data("signature")))


def multiset(case: Case) -> None:
    """The hash of a multiset."""
    state = digest.LtHash.of(map(data, case.inputs["add"]))
    for element in case.inputs["remove"]:
        state.remove(data(element))
    if "expansion" in case.values:
        (only,) = case.inputs["add"]
        case.value_is("expansion", derive(Domain.DIGEST_ELEMENT, data(only), length=digest.STATE_BYTES))
    if "log_digest" in case.expected:
        case.expect(log_digest=derive(Domain.LOG_DIGEST, state.state))
    else:
        case.expect(state=state.state)


def checkpoint(case: Case) -> None:
    """A checkpoint."""
    found = case.run(lambda: Checkpoint.from_text(case.inputs["text"]))
    if case.accepted:
        case.expect(**vars(found))
