/** Sealing: age to public keys, XChaCha20-Poly1305 under an epoch's key. Section Sealing. */

import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { Decrypter, Encrypter } from "age-encryption";
import { equal, latin1 } from "./bytes.js";
import { contentKey, keyId } from "./domains.js";
import * as ids from "./ids.js";
import { must, Refused } from "./refused.js";
import { WRAPPED_KEY, WRAPPED_KEY_BYTES_MAX } from "./schemas.js";
import { decode, encode } from "./wire.js";

export const NONCE_BYTES = 24;
const TAG_BYTES = 16;
const ARMOR = "-----BEGIN AGE ENCRYPTED FILE-----";
const FIRST_LINE = "age-encryption.org/v1";
const PURPOSE = "dmpc.v1 epoch key";

function foreign(tag) {
  if (tag === "scrypt") return "scrypt_stanza";
  if (tag.startsWith("ssh-")) return "ssh_stanza";
  return tag.startsWith("mlkem768") ? "post_quantum_stanza" : "foreign_stanza";
}

/** Refuses age bytes of another form than the protocol's: so much shows without a key. */
export function checkShape(sealed, recipientsAllowed) {
  const shown = latin1(sealed);
  must(!shown.startsWith(ARMOR), "armored");
  const lines = shown.split("\n");
  const end = lines.findIndex((line, place) => place > 0 && line.startsWith("---"));
  // What follows the last line feed is no whole line, but for the one that ends the header.
  must(lines[0] === FIRST_LINE && lines.length > 1 && end > 0, "not_age");
  const tags = lines
    .slice(1, end)
    .filter((line) => line.startsWith("-> "))
    .map((line) => line.slice(3).split(" ")[0]);
  const wanted = tags.filter((tag) => tag === "X25519").length;
  const other = tags.find((tag) => tag !== "X25519" && !tag.endsWith("-grease"));
  must(other === undefined, foreign(other ?? ""));
  must(wanted >= 1 && wanted <= recipientsAllowed, "recipient_count", `${wanted}`);
}

/** Seals bytes to X25519 keys. */
export function seal(bytes, recipients) {
  const encrypter = new Encrypter();
  for (const key of recipients) encrypter.addRecipient(ids.write(ids.Name.ENCRYPTION_KEY, key));
  return encrypter.encrypt(bytes);
}

/** What age bytes hold, at most `max` bytes. */
export async function unseal(sealed, key, recipientsAllowed, max) {
  checkShape(sealed, recipientsAllowed);
  const decrypter = new Decrypter();
  decrypter.addIdentity(ids.write(ids.Name.SECRET_ENCRYPTION_KEY, key.secret));
  let opened;
  try {
    opened = await decrypter.decrypt(sealed);
  } catch (error) {
    throw new Refused(/identit/.test(error.message) ? "not_sealed_to_this_key" : "tampered_seal", error.message);
  }
  must(opened.length <= max, "too_large");
  return opened;
}

/** Wraps an epoch key for a member of a channel. */
export const wrap = (key, channel, user, encryptionKey) =>
  seal(encode(WRAPPED_KEY, { purpose: PURPOSE, channel, recipient: user, key }), [encryptionKey]);

/** The epoch key in a wrap, if it is meant for this user, channel and epoch. */
export async function unwrap(sealed, opener, channel, user, wanted) {
  const found = decode(WRAPPED_KEY, await unseal(sealed, opener, 1, WRAPPED_KEY_BYTES_MAX));
  must(found.purpose && found.channel && found.recipient && found.key, "missing_field");
  const fits = found.purpose === PURPOSE && equal(found.channel, channel) && equal(found.recipient, user);
  must(fits, "wrap_mismatch");
  must(equal(keyId(found.key), wanted), "key_id_mismatch");
  return found.key;
}

/** Seals the content of a message under its header. */
export const sealContent = (key, channel, header, content, nonce) =>
  xchacha20poly1305(contentKey(key, channel), nonce, header).encrypt(content);

/** What a message says; `made` is a decoded operation. */
export function openContent(made, key) {
  must(made.payload.ciphertext, "not_a_message");
  must(equal(made.header.keyId, keyId(key)), "other_epoch");
  must(made.payload.ciphertext.length >= TAG_BYTES, "ciphertext_too_short");
  const cipher = xchacha20poly1305(contentKey(key, made.header.channel), made.payload.nonce, made.headerBytes);
  try {
    return cipher.decrypt(made.payload.ciphertext);
  } catch {
    throw new Refused("tampered_seal");
  }
}
