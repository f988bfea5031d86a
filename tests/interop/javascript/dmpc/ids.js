/** Ids and keys as text: bech32. Section Keys and signatures, Text. */

import { bech32 } from "@scure/base";
import { Refused } from "./refused.js";

/** Prefix and bytes of what has a text. */
export const Name = {
  USER: ["dmpc", 32],
  CHANNEL: ["dmpcchannel", 32],
  NODE: ["dmpcnode", 32],
  OPERATION: ["dmpcop", 32],
  ISSUE: ["dmpcissue", 32],
  KEY_ID: ["dmpckey", 32],
  LANE: ["dmpclane", 16],
  ENCRYPTION_KEY: ["age", 32],
  SECRET_SIGNING_KEY: ["dmpc-signing-key-", 32],
  SECRET_ENCRYPTION_KEY: ["age-secret-key-", 32],
};

const SECRETS = [Name.SECRET_SIGNING_KEY, Name.SECRET_ENCRYPTION_KEY];

/** Bytes as text; secrets in upper case. */
export function write(name, bytes) {
  const text = bech32.encode(name[0], bech32.toWords(bytes), false);
  return SECRETS.includes(name) ? text.toUpperCase() : text;
}

/** The bytes of a text, which must have this name's prefix and length. */
export function read(name, text) {
  const [prefix, length] = name;
  let found;
  try {
    found = bech32.decodeToBytes(text);
  } catch (error) {
    throw new Refused("bad_text", error.message);
  }
  if (found.prefix !== prefix) throw new Refused("bad_text", `${found.prefix} where ${prefix} belongs`);
  if (found.bytes.length !== length) throw new Refused("bad_text", `${found.bytes.length} bytes`);
  return found.bytes;
}
