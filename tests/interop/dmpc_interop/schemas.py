"""The tables of fields of docs/PROTOCOL.md, sections Operation, Kinds, Limits, Sealing, Transaction and Requests."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

OPERATION_BYTES_MAX = 524_288
MEMBERS_MAX = 1_024
WRAPS_MAX = 1_024
MEMBERS_EPOCHS_MAX = 64
WRAP_BYTES_MAX = 1_024
DISPLAY_NAME_BYTES_MAX = 64
CHANNEL_NAME_BYTES_MAX = 128
TRANSACTION_BYTES_MAX = 1_048_576
TRANSMISSION_BYTES_MAX = 4_096
TRANSACTION_OPERATIONS_MAX = 1_024
RECIPIENTS_MAX = 16
REQUEST_USERS_MAX = 1_024
CURSOR_BYTES_MAX = 128
REQUEST_BYTES_MAX = 65_536
REQUEST_LIFETIME_MS = 60_000
REQUEST_AHEAD_MS_MAX = 2_000
# What a client must be ready to be given, in one gRPC message, frame or seal.
ANSWER_BYTES_MAX = 4 << 20
WRAPPED_KEY_BYTES_MAX = 256
PURPOSE_BYTES_MAX = 64
TAG_BYTES = 16


class Type(Enum):
    """How the value of a field is read."""

    UINT32 = auto()
    UINT64 = auto()
    BOOL = auto()
    ENUM = auto()
    FIXED64 = auto()
    BYTES = auto()
    TEXT = auto()
    MESSAGE = auto()


@dataclass(frozen=True)
class Field:
    """One row of a table."""

    name: str
    type: Type
    # What absence is refused for; empty: it may be absent.
    absent: str = ""
    # May stand with its default.
    explicit: bool = False
    # How often it may stand; None: once.
    repeated: int | None = None
    # Exactly so many bytes; 0: up to `most`.
    size: int = 0
    most: int = TRANSACTION_BYTES_MAX
    message: Schema | None = None
    # Kept for a later ruleset; refused.
    reserved: bool = False


@dataclass(frozen=True)
class Schema:
    """A table: the fields of a message by number, and how long the message may be."""

    name: str
    fields: dict[int, Field]
    most: int = TRANSACTION_BYTES_MAX


_MISSING = "missing_field"


def _exactly(size: int, name: str, *, required: bool = True, repeated: int | None = None) -> Field:
    absent = _MISSING if required and repeated is None else ""
    return Field(name, Type.BYTES, absent=absent, repeated=repeated, size=size)


def _message(name: str, schema: Schema, *, absent: str = "", repeated: int | None = None) -> Field:
    return Field(name, Type.MESSAGE, absent=absent, repeated=repeated, message=schema)


def _bytes(name: str, *, absent: str = "", repeated: int | None = None, most: int = TRANSACTION_BYTES_MAX) -> Field:
    return Field(name, Type.BYTES, absent=absent, repeated=repeated, most=most)


def _number(name: str, *, absent: str = "") -> Field:
    return Field(name, Type.UINT32, absent=absent)


LINK = Schema(
    "Link",
    {
        1: _exactly(16, "lane"),
        2: Field("seq", Type.UINT64, absent="bad_link"),
        3: _exactly(32, "prev", required=False),
    },
)
OPERATION = Schema(
    "Operation",
    {
        1: _bytes("body"),
        2: _exactly(64, "signature"),
        3: _bytes("certification"),
        4: _exactly(64, "certification_signature", required=False),
    },
    OPERATION_BYTES_MAX,
)
BODY = Schema("Body", {1: _bytes("header"), 2: _bytes("payload")})
HEADER = Schema(
    "Header",
    {
        1: _number("version", absent="unknown_version"),
        2: Field("kind", Type.ENUM, absent="unknown_kind"),
        3: _exactly(32, "channel", required=False),
        4: _exactly(32, "issuer"),
        5: _exactly(32, "issuer_key"),
        6: Field("issued_at", Type.FIXED64, absent="zero_timestamp"),
        7: _exactly(32, "certifier", required=False),
        8: _exactly(32, "key_id", required=False),
        9: _message("link", LINK),
    },
)
CERTIFICATION = Schema(
    "Certification",
    {
        1: _exactly(32, "issue_id"),
        2: _exactly(32, "certifier_key"),
        3: Field("timestamp", Type.FIXED64, absent="certified_too_early"),
        4: _message("link", LINK, absent=_MISSING),
    },
)
USER_CREATE = Schema(
    "UserCreate",
    {
        1: _exactly(32, "signing_key"),
        2: _exactly(32, "encryption_key"),
        3: _exactly(64, "countersignature"),
        4: _number("permissions"),
        5: Field("display_name", Type.TEXT, most=DISPLAY_NAME_BYTES_MAX),
        6: _exactly(32, "next_key", required=False),
    },
)
USER_UPDATE = Schema(
    "UserUpdate",
    {
        1: _exactly(32, "user"),
        2: Field("active", Type.BOOL, explicit=True),
        3: _exactly(32, "encryption_key", required=False),
        4: _exactly(32, "signing_key", required=False),
        5: _exactly(64, "countersignature", required=False),
        6: _number("grant"),
        7: _number("revoke"),
        8: Field("display_name", Type.TEXT, explicit=True, most=DISPLAY_NAME_BYTES_MAX),
        9: Field("cuts", Type.BYTES, reserved=True),
        10: Field("unlisted", Type.UINT32, reserved=True),
    },
)
MEMBER = Schema("Member", {1: _exactly(32, "user"), 2: _number("rights", absent="bad_value")})
WRAP = Schema(
    "Wrap",
    {
        1: _exactly(32, "user"),
        2: _exactly(32, "encryption_key"),
        3: _bytes("sealed", absent=_MISSING, most=WRAP_BYTES_MAX),
    },
)
EPOCH_WRAPS = Schema("EpochWraps", {1: _exactly(32, "key_id"), 2: _message("wraps", WRAP, repeated=WRAPS_MAX)})
CHANNEL_GENESIS = Schema(
    "ChannelGenesis",
    {
        1: _exactly(32, "nonce"),
        2: Field("name", Type.TEXT, most=CHANNEL_NAME_BYTES_MAX),
        3: _message("members", MEMBER, repeated=MEMBERS_MAX),
        4: _exactly(32, "key_id"),
    },
)
CHANNEL_OPEN = Schema("ChannelOpen", {1: _bytes("genesis"), 2: _message("wraps", WRAP, repeated=WRAPS_MAX)})
CHANNEL_MEMBERS = Schema(
    "ChannelMembers",
    {
        1: _message("set", MEMBER, repeated=MEMBERS_MAX),
        2: _exactly(32, "remove", repeated=MEMBERS_MAX),
        3: _message("epochs", EPOCH_WRAPS, repeated=MEMBERS_EPOCHS_MAX),
        4: Field("cuts", Type.BYTES, reserved=True),
        5: Field("unlisted", Type.UINT32, reserved=True),
    },
)
CHANNEL_EPOCH = Schema("ChannelEpoch", {1: _message("epoch", EPOCH_WRAPS, absent=_MISSING)})
CHANNEL_MESSAGE = Schema(
    "ChannelMessage",
    {1: _exactly(24, "nonce"), 2: _bytes("ciphertext", absent=_MISSING)},
)
CHANNEL_CLOSE = Schema("ChannelClose", {})
WRAPPED_KEY = Schema(
    "WrappedKey",
    {
        1: Field("purpose", Type.TEXT, absent=_MISSING, most=PURPOSE_BYTES_MAX),
        2: _exactly(32, "channel"),
        3: _exactly(32, "recipient"),
        4: _exactly(32, "key"),
    },
    WRAPPED_KEY_BYTES_MAX,
)
PIPELINE_OPTIONS = Schema(
    "PipelineOptions",
    {
        1: Field("read_status_updates", Type.BOOL),
        2: Field("read_result", Type.BOOL),
        3: Field("keep_alive", Type.BOOL),
    },
)
TRANSACTION = Schema(
    "Transaction",
    {
        1: _number("version", absent="unknown_version"),
        2: _message("options", PIPELINE_OPTIONS),
        3: _bytes("transmission", most=TRANSMISSION_BYTES_MAX),
        4: _bytes("sealed"),
        5: _bytes("open"),
    },
)
TRANSACTION_CONTENT = Schema(
    "TransactionContent",
    {
        1: _bytes("operations", repeated=TRANSACTION_OPERATIONS_MAX, most=OPERATION_BYTES_MAX),
        2: _bytes("request"),
        3: _exactly(32, "reply_to", required=False),
    },
)
SIGNED_REQUEST = Schema("SignedRequest", {1: _bytes("request", most=REQUEST_BYTES_MAX), 2: _exactly(64, "signature")})
READ_USERS = Schema(
    "ReadUsers",
    {
        1: _exactly(32, "users", repeated=REQUEST_USERS_MAX),
        2: _bytes("cursor", most=CURSOR_BYTES_MAX),
        3: _number("limit"),
    },
)
READ_CHANNEL = Schema(
    "ReadChannel",
    {1: _exactly(32, "channel"), 2: _bytes("cursor", most=CURSOR_BYTES_MAX), 3: _number("limit")},
)
LIST_CHANNELS = Schema("ListChannels", {1: _bytes("cursor", most=CURSOR_BYTES_MAX), 2: _number("limit")})
READ_MESSAGES = Schema(
    "ReadMessages",
    {
        1: _exactly(32, "channel"),
        2: _bytes("cursor", most=CURSOR_BYTES_MAX),
        3: _number("limit"),
        4: Field("backward", Type.BOOL),
    },
)
READ_KEYS = Schema(
    "ReadKeys",
    {
        1: _exactly(32, "user"),
        2: _exactly(32, "key", required=False),
        3: _bytes("cursor", most=CURSOR_BYTES_MAX),
        4: _number("limit"),
        5: _exactly(16, "lane", required=False),
    },
)
SUBSCRIBE = Schema(
    "Subscribe",
    {1: _exactly(32, "channel"), 2: _bytes("cursor", most=CURSOR_BYTES_MAX), 3: Field("from_now", Type.BOOL)},
)
QUERY = Schema(
    "Query",
    {
        1: _message("users", READ_USERS),
        2: _message("channel", READ_CHANNEL),
        3: _message("channels", LIST_CHANNELS),
        4: _message("messages", READ_MESSAGES),
        5: _message("subscribe", SUBSCRIBE),
        6: _message("keys", READ_KEYS),
    },
)
REQUEST = Schema(
    "Request",
    {
        1: _number("version", absent="unknown_version"),
        2: _exactly(32, "node"),
        3: _exactly(32, "user"),
        4: _exactly(32, "key"),
        5: _exactly(16, "nonce"),
        6: Field("issued_at_ms", Type.FIXED64),
        7: _message("query", QUERY, absent="not_one_query"),
        8: _exactly(32, "reply_to", required=False),
    },
    REQUEST_BYTES_MAX,
)

# Every message that is decoded strictly, by name.
BY_NAME = {schema.name: schema for schema in list(globals().values()) if isinstance(schema, Schema)}
