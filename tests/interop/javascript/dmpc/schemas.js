/** The tables of fields, and the limits. Sections Operation, Kinds, Sealing, Transaction, Requests, Limits. */

import {
  bool,
  bytes,
  EXPLICIT,
  enumeration,
  exactly,
  field,
  fixed64,
  message,
  RESERVED,
  repeated,
  string,
  uint32,
  uint64,
} from "./wire.js";

export const OPERATION_BYTES_MAX = 524_288;
export const TRANSACTION_BYTES_MAX = 1_048_576;
export const WRAPPED_KEY_BYTES_MAX = 256;
export const RECIPIENTS_MAX = 16;
export const WRAPS_MAX = 1_024;
const MEMBERS_MAX = 1_024;
const MEMBERS_EPOCHS_MAX = 64;
const WRAP_BYTES_MAX = 1_024;
const DISPLAY_NAME_BYTES_MAX = 64;
const CHANNEL_NAME_BYTES_MAX = 128;
const TRANSMISSION_BYTES_MAX = 4_096;
const TRANSACTION_OPERATIONS_MAX = 1_024;
const REQUEST_USERS_MAX = 1_024;
const REQUEST_BYTES_MAX = 65_536;
const CURSOR_BYTES_MAX = 128;

const id = exactly(32);
const key = exactly(32);
const signature = exactly(64);
const lane = exactly(16);

export const LINK = [field(1, "lane", lane), field(2, "seq", uint64), field(3, "prev", id)];

export const OPERATION = [
  field(1, "body", bytes()),
  field(2, "signature", signature),
  field(3, "certification", bytes()),
  field(4, "certificationSignature", signature),
];

export const BODY = [field(1, "header", bytes()), field(2, "payload", bytes())];

export const HEADER = [
  field(1, "version", uint32),
  field(2, "kind", enumeration),
  field(3, "channel", id),
  field(4, "issuer", id),
  field(5, "issuerKey", key),
  field(6, "issuedAt", fixed64),
  field(7, "certifier", id),
  field(8, "keyId", id),
  field(9, "link", message(LINK)),
];

export const CERTIFICATION = [
  field(1, "issueId", id),
  field(2, "certifierKey", key),
  field(3, "timestamp", fixed64),
  field(4, "link", message(LINK)),
];

export const USER_CREATE = [
  field(1, "signingKey", key),
  field(2, "encryptionKey", key),
  field(3, "countersignature", signature),
  field(4, "permissions", uint32),
  field(5, "displayName", string(DISPLAY_NAME_BYTES_MAX)),
  field(6, "nextKey", exactly(32)),
];

export const USER_UPDATE = [
  field(1, "user", id),
  field(2, "active", bool, EXPLICIT),
  field(3, "encryptionKey", key),
  field(4, "signingKey", key),
  field(5, "countersignature", signature),
  field(6, "grant", uint32),
  field(7, "revoke", uint32),
  field(8, "displayName", string(DISPLAY_NAME_BYTES_MAX), EXPLICIT),
  field(9, "cuts", bytes(), RESERVED),
  field(10, "unlisted", uint32, RESERVED),
];

export const WRAP = [field(1, "user", id), field(2, "encryptionKey", key), field(3, "sealed", bytes(WRAP_BYTES_MAX))];
export const MEMBER = [field(1, "user", id), field(2, "rights", uint32)];
export const EPOCH_WRAPS = [field(1, "keyId", id), field(2, "wraps", message(WRAP), repeated(WRAPS_MAX))];

export const CHANNEL_GENESIS = [
  field(1, "nonce", exactly(32)),
  field(2, "name", string(CHANNEL_NAME_BYTES_MAX)),
  field(3, "members", message(MEMBER), repeated(MEMBERS_MAX)),
  field(4, "keyId", id),
];

export const CHANNEL_OPEN = [field(1, "genesis", bytes()), field(2, "wraps", message(WRAP), repeated(WRAPS_MAX))];

export const CHANNEL_MEMBERS = [
  field(1, "set", message(MEMBER), repeated(MEMBERS_MAX)),
  field(2, "remove", id, repeated(MEMBERS_MAX)),
  field(3, "epochs", message(EPOCH_WRAPS), repeated(MEMBERS_EPOCHS_MAX)),
  field(4, "cuts", bytes(), RESERVED),
  field(5, "unlisted", uint32, RESERVED),
];

export const CHANNEL_EPOCH = [field(1, "epoch", message(EPOCH_WRAPS))];
export const CHANNEL_MESSAGE = [field(1, "nonce", exactly(24)), field(2, "ciphertext", bytes())];
export const CHANNEL_CLOSE = [];

export const WRAPPED_KEY = [
  field(1, "purpose", string(64)),
  field(2, "channel", id),
  field(3, "recipient", id),
  field(4, "key", exactly(32)),
];

export const PIPELINE_OPTIONS = [
  field(1, "readStatusUpdates", bool),
  field(2, "readResult", bool),
  field(3, "keepAlive", bool),
];

export const TRANSACTION = [
  field(1, "version", uint32),
  field(2, "options", message(PIPELINE_OPTIONS)),
  field(3, "transmission", bytes(TRANSMISSION_BYTES_MAX)),
  field(4, "sealed", bytes(TRANSACTION_BYTES_MAX)),
  field(5, "open", bytes(TRANSACTION_BYTES_MAX)),
];

export const TRANSACTION_CONTENT = [
  field(1, "operations", bytes(OPERATION_BYTES_MAX), repeated(TRANSACTION_OPERATIONS_MAX)),
  field(2, "request", bytes(REQUEST_BYTES_MAX)),
  field(3, "replyTo", key),
];

export const SIGNED_REQUEST = [field(1, "request", bytes(REQUEST_BYTES_MAX)), field(2, "signature", signature)];

const cursor = bytes(CURSOR_BYTES_MAX);

const limit = uint32;

const READ_USERS = [
  field(1, "users", id, repeated(REQUEST_USERS_MAX)),
  field(2, "cursor", cursor),
  field(3, "limit", limit),
];
const READ_CHANNEL = [field(1, "channel", id), field(2, "cursor", cursor), field(3, "limit", limit)];
const LIST_CHANNELS = [field(1, "cursor", cursor), field(2, "limit", limit)];
const READ_MESSAGES = [...READ_CHANNEL, field(4, "backward", bool)];
const SUBSCRIBE = [field(1, "channel", id), field(2, "cursor", cursor), field(3, "fromNow", bool)];
const READ_KEYS = [
  field(1, "user", id),
  field(2, "key", key),
  field(3, "cursor", cursor),
  field(4, "limit", limit),
  field(5, "lane", lane),
  field(6, "operations", bool),
  field(7, "channel", id),
];

export const QUERY = [
  field(1, "users", message(READ_USERS)),
  field(2, "channel", message(READ_CHANNEL)),
  field(3, "channels", message(LIST_CHANNELS)),
  field(4, "messages", message(READ_MESSAGES)),
  field(5, "subscribe", message(SUBSCRIBE)),
  field(6, "keys", message(READ_KEYS)),
];

export const REQUEST = [
  field(1, "version", uint32),
  field(2, "node", id),
  field(3, "user", id),
  field(4, "key", key),
  field(5, "nonce", exactly(16)),
  field(6, "issuedAtMs", fixed64),
  field(7, "query", message(QUERY)),
  field(8, "replyTo", key),
];

/** The schemas, by the names of messages. */
export const SCHEMAS = {
  Operation: OPERATION,
  Body: BODY,
  Header: HEADER,
  Certification: CERTIFICATION,
  Link: LINK,
  UserCreate: USER_CREATE,
  UserUpdate: USER_UPDATE,
  ChannelOpen: CHANNEL_OPEN,
  ChannelGenesis: CHANNEL_GENESIS,
  ChannelMembers: CHANNEL_MEMBERS,
  ChannelEpoch: CHANNEL_EPOCH,
  ChannelMessage: CHANNEL_MESSAGE,
  ChannelClose: CHANNEL_CLOSE,
  Member: MEMBER,
  EpochWraps: EPOCH_WRAPS,
  Wrap: WRAP,
  WrappedKey: WRAPPED_KEY,
  Transaction: TRANSACTION,
  PipelineOptions: PIPELINE_OPTIONS,
  TransactionContent: TRANSACTION_CONTENT,
  SignedRequest: SIGNED_REQUEST,
  Request: REQUEST,
  Query: QUERY,
  ReadUsers: READ_USERS,
  ReadChannel: READ_CHANNEL,
  ListChannels: LIST_CHANNELS,
  ReadMessages: READ_MESSAGES,
  Subscribe: SUBSCRIBE,
  ReadKeys: READ_KEYS,
};
