/** The seven kinds of operations, and what makes their payloads well formed. Section Kinds. */

import { compare, concat, equal } from "./bytes.js";
import { channelId, Domain, userId } from "./domains.js";
import { checkEncryptionKey, checkSigningKey, verify } from "./keys.js";
import { must } from "./refused.js";
import * as schemas from "./schemas.js";
import { checkShape } from "./seal.js";
import { decode } from "./wire.js";

export const Kind = {
  USER_CREATE: 1,
  USER_UPDATE: 2,
  CHANNEL_OPEN: 3,
  CHANNEL_MEMBERS: 4,
  CHANNEL_EPOCH: 5,
  CHANNEL_MESSAGE: 6,
  CHANNEL_CLOSE: 7,
};

/** Names of kinds, as the document writes them. */
export const KIND_NAMES = [
  "",
  "user.create",
  "user.update",
  "channel.open",
  "channel.members",
  "channel.epoch",
  "channel.message",
  "channel.close",
];

export const Permission = {
  CHANNEL_ADD: 1,
  CHANNEL_READ: 2,
  USER_ADD: 4,
  USER_READ: 8,
  USER_REMOVE: 16,
  USER_ENC_KEY_UPDATE: 32,
  USER_SIGN_KEY_UPDATE: 64,
  USER_PERMISSIONS_UPDATE: 128,
};
export const Right = { READ: 1, WRITE: 2, CLOSE: 4, MANAGE: 8 };

const PERMISSION_BITS = 255;
const RIGHT_BITS = 15;
const TAG_BYTES = 16;

export const isOfChannel = (kind) => kind >= Kind.CHANNEL_OPEN;

function ascending(list, keyOf, what) {
  for (let place = 1; place < list.length; place++) {
    must(compare(keyOf(list[place - 1]), keyOf(list[place])) < 0, "not_ascending", what);
  }
}

function checkMembers(members) {
  for (const { user, rights } of members) {
    must(user, "missing_field", "user");
    must(rights && (rights & ~RIGHT_BITS) === 0, "bad_value", "rights");
  }
  ascending(members, (member) => member.user, "members");
}

function checkWraps(wraps) {
  for (const wrap of wraps) {
    must(wrap.user && wrap.encryptionKey && wrap.sealed, "missing_field", "a wrap");
    checkEncryptionKey(wrap.encryptionKey);
    checkShape(wrap.sealed, 1);
  }
  ascending(wraps, (wrap) => concat(wrap.user, wrap.encryptionKey), "wraps");
}

/** Wraps are for these users alone. */
function checkStrangers(wraps, users) {
  for (const wrap of wraps)
    must(
      users.some((user) => equal(user, wrap.user)),
      "wrap_for_stranger",
    );
}

function userCreate({ payload }) {
  must(payload.signingKey && payload.encryptionKey && payload.countersignature, "missing_field");
  checkSigningKey(payload.signingKey);
  checkEncryptionKey(payload.encryptionKey);
  must(((payload.permissions ?? 0) & ~PERMISSION_BITS) === 0, "bad_value", "permissions");
}

const UPDATES = ["active", "encryptionKey", "signingKey", "grant", "revoke", "displayName"];

function userUpdate({ payload }) {
  must(payload.user, "missing_field", "user");
  must(payload.signingKey || !payload.countersignature, "bad_value", "countersignature");
  must(payload.countersignature || !payload.signingKey, "missing_field", "countersignature");
  must(
    UPDATES.some((name) => payload[name] !== undefined),
    "changes_nothing",
  );
  if (payload.signingKey) checkSigningKey(payload.signingKey);
  if (payload.encryptionKey) checkEncryptionKey(payload.encryptionKey);
  const [grant, revoke] = [payload.grant ?? 0, payload.revoke ?? 0];
  must(((grant | revoke) & ~PERMISSION_BITS) === 0 && (grant & revoke) === 0, "bad_value", "permissions");
}

function channelOpen({ header, payload }) {
  must(payload.genesis, "missing_field", "genesis");
  must(equal(header.channel, channelId(header.issuer, payload.genesis)), "channel_id_mismatch");
  const genesis = decode(schemas.CHANNEL_GENESIS, payload.genesis);
  must(genesis.nonce && genesis.keyId, "missing_field", "genesis");
  checkMembers(genesis.members);
  const users = genesis.members.map((member) => member.user);
  must(!users.some((user) => equal(user, header.issuer)), "opener_listed");
  checkWraps(payload.wraps);
  checkStrangers(payload.wraps, [header.issuer, ...users]);
}

function channelMembers({ payload }) {
  const { set, remove, epochs } = payload;
  must(set.length + remove.length > 0, "changes_nothing");
  must(set.length + remove.length <= schemas.WRAPS_MAX, "too_many");
  checkMembers(set);
  ascending(remove, (user) => user, "removed");
  must(!set.some(({ user }) => remove.some((removed) => equal(removed, user))), "set_and_removed");
  for (const epoch of epochs) {
    must(epoch.keyId, "missing_field", "key id");
    must(epoch.wraps.length > 0, "changes_nothing");
    checkWraps(epoch.wraps);
    checkStrangers(
      epoch.wraps,
      set.map(({ user }) => user),
    );
  }
  ascending(epochs, (epoch) => epoch.keyId, "epochs");
  must(epochs.reduce((sum, epoch) => sum + epoch.wraps.length, 0) <= schemas.WRAPS_MAX, "too_many");
}

function channelEpoch({ payload }) {
  must(payload.epoch?.keyId, "missing_field", "key id");
  checkWraps(payload.epoch.wraps);
}

function channelMessage({ payload }) {
  must(payload.nonce, "missing_field", "nonce");
  must((payload.ciphertext?.length ?? 0) >= TAG_BYTES, "ciphertext_too_short");
}

/** For each kind: the schema of its payload, and what else must hold. */
export const PAYLOADS = {
  [Kind.USER_CREATE]: [schemas.USER_CREATE, userCreate],
  [Kind.USER_UPDATE]: [schemas.USER_UPDATE, userUpdate],
  [Kind.CHANNEL_OPEN]: [schemas.CHANNEL_OPEN, channelOpen],
  [Kind.CHANNEL_MEMBERS]: [schemas.CHANNEL_MEMBERS, channelMembers],
  [Kind.CHANNEL_EPOCH]: [schemas.CHANNEL_EPOCH, channelEpoch],
  [Kind.CHANNEL_MESSAGE]: [schemas.CHANNEL_MESSAGE, channelMessage],
  [Kind.CHANNEL_CLOSE]: [schemas.CHANNEL_CLOSE, () => {}],
};

/** Whoever introduces a signing key holds it: refuses a countersignature that is none. */
export function verifyCountersignature({ header, payload }) {
  if (!payload.countersignature) return;
  const user = header.kind === Kind.USER_CREATE ? userId(payload.signingKey, payload.encryptionKey) : payload.user;
  const said = concat(user, payload.signingKey);
  verify(payload.signingKey, Domain.SIGN_COUNTERSIGNATURE, said, payload.countersignature);
}
