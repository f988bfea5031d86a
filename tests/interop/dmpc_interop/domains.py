"""Every hash of the protocol: BLAKE3 in key derivation mode, one context for each use. Section Domains."""

from __future__ import annotations

import struct
from enum import Enum

from blake3 import blake3


class Domain(Enum):
    """What a hash is for; the value follows `dmpc v1 ` in the context."""

    USER_ID = "user id"
    NODE_ID = "node id"
    CHANNEL = "channel"
    OPERATION_ID = "operation id"
    ISSUE_ID = "issue id"
    KEY_ID = "key id"
    CONTENT_KEY = "content key"
    SIGN_OPERATION = "sign operation"
    SIGN_ISSUE = "sign issue"
    SIGN_CERTIFICATION = "sign certification"
    SIGN_COUNTERSIGNATURE = "sign countersignature"
    SIGN_REQUEST = "sign request"
    SIGN_NODE_INFO = "sign node info"
    DIGEST_ELEMENT = "digest element"
    STATE_DIGEST = "state digest"
    LOG_DIGEST = "log digest"
    CHANNEL_DIGEST = "channel digest"

    @property
    def context(self) -> str:
        """The whole context string."""
        return f"dmpc v1 {self.value}"


def derive(domain: Domain, *parts: bytes, length: int = 32) -> bytes:
    """`H(domain, parts one after the other)`, with so many bytes of output."""
    hasher = blake3(derive_key_context=domain.context)
    for part in parts:
        hasher.update(part)
    return hasher.digest(length=length)


def user_id(signing_key: bytes, encryption_key: bytes) -> bytes:
    """The id of the user with these genesis keys."""
    return derive(Domain.USER_ID, signing_key, encryption_key)


def node_id(signing_key: bytes, encryption_key: bytes) -> bytes:
    """The id of the node with these keys."""
    return derive(Domain.NODE_ID, signing_key, encryption_key)


def channel_id(issuer: bytes, genesis: bytes) -> bytes:
    """The id of the channel that `issuer` opens with these encoded bytes of a ChannelGenesis."""
    return derive(Domain.CHANNEL, issuer, genesis)


def operation_id(body: bytes, certification: bytes) -> bytes:
    """The id of an operation; `certification` is empty when the issuer certifies itself."""
    return derive(Domain.OPERATION_ID, struct.pack(">Q", len(body)), body, certification)


def issue_id(body: bytes) -> bytes:
    """The id of what was issued, whoever certifies it."""
    return derive(Domain.ISSUE_ID, body)


def key_id(epoch_key: bytes) -> bytes:
    """The name of an epoch."""
    return derive(Domain.KEY_ID, epoch_key)


def content_key(epoch_key: bytes, channel: bytes) -> bytes:
    """The key that seals content in a channel under an epoch."""
    return derive(Domain.CONTENT_KEY, epoch_key, channel)
