/** Bytes: compared, joined, and as numbers and text. */

import { concatBytes, randomBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { base64, hex } from "@scure/base";

export { base64, concatBytes as concat, hex, randomBytes, utf8ToBytes as utf8 };

export const NONE = new Uint8Array();

/** Compares as unsigned bytes: below 0, 0, or above 0. */
export function compare(one, other) {
  const shorter = Math.min(one.length, other.length);
  for (let place = 0; place < shorter; place++) {
    if (one[place] !== other[place]) return one[place] - other[place];
  }
  return one.length - other.length;
}

export const equal = (one, other) => compare(one, other) === 0;

/** A number of 64 bits, big-endian. */
export function u64(number) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, number);
  return bytes;
}

/** Text that must be UTF-8; a RangeError or TypeError else. */
export const text = (bytes) => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);

/** Text as ASCII, whatever the bytes are: one letter for each. */
export const latin1 = (bytes) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
