/** A case of a file of vectors, and what is expected of it. */

import { hex } from "../dmpc/bytes.js";
import { Identity } from "../dmpc/identity.js";
import { DecryptionKey, SigningKey } from "../dmpc/keys.js";
import { Refused } from "../dmpc/refused.js";

/** Bytes as files have them: hexadecimal, or so many times the same. */
export const data = (value) => hex.decode(typeof value === "string" ? value : value.hex.repeat(value.times));

/** A person as files have them. */
export const person = (value) =>
  new Identity(
    hex.decode(value.user),
    new SigningKey(hex.decode(value.signing_seed)),
    new DecryptionKey(hex.decode(value.encryption_secret)),
  );

/** A timestamp as files have them. */
export const stamp = (value) => BigInt(`0x${value}`);

const plain = (value) => (value instanceof Uint8Array ? hex.encode(value) : value);

/** Fails unless both are equal, as JSON. */
export function same(what, found, wanted) {
  const [one, other] = [found, wanted].map((value) => JSON.stringify(plain(value)));
  if (one !== other) throw new Error(`${what}: ${one} where ${other} was expected`);
}

/** Fails unless all that is expected is found, and nothing else. */
export function expect(wanted, found) {
  const { result, class: _class, reason, ...rest } = wanted;
  const given = Object.entries(found).filter(([, value]) => value !== undefined);
  same("names", given.map(([name]) => name).sort(), Object.keys(rest).sort());
  for (const [name, value] of given) same(name, value, rest[name]);
}

/** Does what an accepted case gives; checks that a refused one is refused as it should be. */
export async function run(expected, action) {
  let found;
  try {
    found = await action();
  } catch (error) {
    if (!(error instanceof Refused) || expected.result === "accepted") throw error;
    if (expected.reason) same("reason", error.reason, expected.reason);
    return undefined;
  }
  same("result", "accepted", expected.result ?? "accepted");
  return found;
}
