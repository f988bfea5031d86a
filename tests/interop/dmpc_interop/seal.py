"""Sealing: age to public keys, XChaCha20-Poly1305 for content, epoch keys and their wraps. Section Sealing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import nacl.bindings
import nacl.exceptions
import pyrage
from dmpc.v1 import operation_pb2 as pb

from . import domains, ids, wire
from .errors import Refused
from .keys import DecryptionKey
from .schemas import TRANSACTION_BYTES_MAX, WRAPPED_KEY, WRAPPED_KEY_BYTES_MAX

if TYPE_CHECKING:
    from .operation import Operation

_VERSION_LINE = b"age-encryption.org/v1\n"
_ARMOR = b"-----BEGIN AGE ENCRYPTED FILE-----"
_FOREIGN = {b"scrypt": "scrypt_stanza", b"ssh-": "ssh_stanza", b"mlkem768": "post_quantum_stanza"}
# What age says of bytes that are sealed to others; whatever else it says, the bytes are damaged.
_OTHERS = "No matching keys found"
_PURPOSE = "dmpc.v1 epoch key"
NONCE_BYTES = 24


def check_age(sealed: bytes, recipients_max: int) -> None:
    """Refuses bytes that do not have the shape of an age file for so many X25519 recipients."""
    if sealed.startswith(_ARMOR):
        raise Refused("armored")
    if not sealed.startswith(_VERSION_LINE):
        raise Refused("not_age", "the first line is another")
    recipients, at = 0, len(_VERSION_LINE)
    while True:
        end = sealed.find(b"\n", at)
        if end < 0:
            raise Refused("not_age", "the header does not end")
        line, at = sealed[at:end], end + 1
        if line.startswith(b"---"):
            break
        if not line.startswith(b"-> "):
            continue
        tag = line[3:].split(b" ")[0]
        if tag == b"X25519":
            recipients += 1
        elif not tag.endswith(b"-grease"):
            reasons = [reason for start, reason in _FOREIGN.items() if tag.startswith(start)]
            raise Refused(reasons[0] if reasons else "foreign_stanza", repr(tag))
    if not 1 <= recipients <= recipients_max:
        raise Refused("recipient_count", f"{recipients} recipients")


def seal(content: bytes, recipients: Sequence[bytes]) -> bytes:
    """age bytes that each of these X25519 keys opens."""
    names = [ids.write(ids.Name.ENCRYPTION_KEY, recipient) for recipient in recipients]
    sealed: bytes = pyrage.encrypt(content, [pyrage.x25519.Recipient.from_str(name) for name in names])
    return sealed


def unseal(sealed: bytes, key: DecryptionKey, recipients_max: int, most: int = TRANSACTION_BYTES_MAX) -> bytes:
    """What was sealed to a key, at most so many bytes."""
    check_age(sealed, recipients_max)
    try:
        opened: bytes = pyrage.decrypt(sealed, [pyrage.x25519.Identity.from_str(key.to_text())])
    except pyrage.DecryptError as error:
        raise Refused("not_sealed_to_this_key" if str(error) == _OTHERS else "tampered_seal", str(error)) from None
    if len(opened) > most:
        raise Refused("too_large", f"{len(opened)} bytes are sealed, at most {most} are allowed")
    return opened


def seal_content(epoch_key: bytes, channel: bytes, header: bytes, content: bytes, nonce: bytes) -> bytes:
    """Ciphertext and tag of a message whose header has these bytes."""
    return nacl.bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(
        content, header, nonce, domains.content_key(epoch_key, channel)
    )


def open_content(epoch_key: bytes, channel: bytes, header: bytes, ciphertext: bytes, nonce: bytes) -> bytes:
    """What `seal_content` sealed. That the header names this epoch is checked by the caller."""
    try:
        return nacl.bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(
            ciphertext, header, nonce, domains.content_key(epoch_key, channel)
        )
    except nacl.exceptions.CryptoError as error:
        raise Refused("tampered_seal", str(error)) from None


def open_message(made: Operation, epoch_key: bytes) -> bytes:
    """The content of a message, if it is sealed under the epoch of this key."""
    if made.header.kind != pb.KIND_CHANNEL_MESSAGE:
        raise Refused("not_a_message")
    if made.header.key_id != domains.key_id(epoch_key):
        raise Refused("other_epoch")
    payload = made.payload
    return open_content(epoch_key, made.header.channel, made.header_bytes, payload.ciphertext, payload.nonce)


def new_epoch_key() -> bytes:
    """A key for an epoch."""
    return os.urandom(32)


def wrap(epoch_key: bytes, channel: bytes, user: bytes, encryption_key: bytes) -> pb.Wrap:
    """An epoch's key for one member."""
    inner = pb.WrappedKey(purpose=_PURPOSE, channel=channel, recipient=user, key=epoch_key)
    sealed = seal(wire.encode(WRAPPED_KEY, inner), [encryption_key])
    return pb.Wrap(user=user, encryption_key=encryption_key, sealed=sealed)


def unwrap(sealed: bytes, key: DecryptionKey, channel: bytes, user: bytes, key_id: bytes) -> bytes:
    """The epoch key in a wrap, if it is of this channel, user and epoch."""
    inner = wire.read(WRAPPED_KEY, pb.WrappedKey, unseal(sealed, key, 1, WRAPPED_KEY_BYTES_MAX))
    if inner.purpose != _PURPOSE or inner.channel != channel or inner.recipient != user:
        raise Refused("wrap_mismatch", "the wrap is of another channel or member")
    if domains.key_id(inner.key) != key_id:
        raise Refused("key_id_mismatch", "the wrap is of another epoch")
    return inner.key
