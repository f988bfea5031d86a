/** Keys: ed25519 to sign, X25519 to be sealed to. Section Keys and signatures. */

import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { concat, hex, randomBytes } from "./bytes.js";
import { Domain, derive } from "./domains.js";
import { Refused } from "./refused.js";

const P = 2n ** 255n - 19n;

function little(number) {
  const bytes = new Uint8Array(32);
  for (let place = 0, rest = number; place < 32; place++, rest >>= 8n) bytes[place] = Number(rest & 0xffn);
  return hex.encode(bytes);
}

// Both forms of 0 and of 1, and p - 1.
const SMALL = [0n, 1n, P - 1n, P, P + 1n].map(little);
// Encodings of the points of order 1, 2, 4 and 8, without the sign.
const SMALL_ORDER_SIGNING = new Set([
  ...SMALL,
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
]);
const SMALL_ORDER_ENCRYPTION = new Set([
  ...SMALL,
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
]);

const withoutTopBit = (key) => hex.encode(Uint8Array.from(key, (byte, place) => (place === 31 ? byte & 0x7f : byte)));

/** Refuses a signing key of small order. */
export function checkSigningKey(key) {
  if (SMALL_ORDER_SIGNING.has(withoutTopBit(key))) throw new Refused("small_order_signing_key");
}

/** Refuses an encryption key of small order. */
export function checkEncryptionKey(key) {
  if (SMALL_ORDER_ENCRYPTION.has(withoutTopBit(key))) throw new Refused("small_order_encryption_key");
}

/** Refuses a signature that is not of `message` in a domain, by ZIP 215. */
export function verify(key, domain, message, signature) {
  let good = false;
  try {
    good = ed25519.verify(signature, derive(domain, message), key, { zip215: true });
  } catch {
    // What is no point of the curve verifies nothing.
  }
  if (!good) throw new Refused("bad_signature", domain);
}

/** A secret ed25519 key. */
export class SigningKey {
  constructor(seed) {
    this.seed = seed;
    this.public = ed25519.getPublicKey(seed);
  }

  static generate = () => new SigningKey(randomBytes(32));

  /** A signature of `message` in a domain, 64 bytes. */
  sign = (domain, message) => ed25519.sign(derive(domain, message), this.seed);

  /** The proof that who introduces this key for `user` holds it. */
  countersign = (user) => this.sign(Domain.SIGN_COUNTERSIGNATURE, concat(user, this.public));
}

/** A secret X25519 key. */
export class DecryptionKey {
  constructor(secret) {
    this.secret = secret;
    this.public = x25519.getPublicKey(secret);
  }

  static generate = () => new DecryptionKey(randomBytes(32));
}
