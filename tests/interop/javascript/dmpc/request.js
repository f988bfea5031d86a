/** Requests, which are answered and not logged. Section Requests. */

import { randomBytes } from "./bytes.js";
import { Domain } from "./domains.js";
import { REQUEST, SIGNED_REQUEST } from "./schemas.js";
import { transaction } from "./transaction.js";
import { encode } from "./wire.js";

const VERSION = 1;

/** A fresh request, signed: `query` has one field, as `{ channels: {} }`. */
export function signed(identity, node, query) {
  const request = encode(REQUEST, {
    version: VERSION,
    node,
    user: identity.user,
    key: identity.signing.public,
    nonce: randomBytes(16),
    issuedAtMs: BigInt(Date.now()),
    query,
  });
  return encode(SIGNED_REQUEST, { request, signature: identity.signing.sign(Domain.SIGN_REQUEST, request) });
}

/** A transaction with a fresh request, sealed to the node that is asked. */
export const asked = (identity, info, query) =>
  transaction({ request: signed(identity, info.node, query) }, [info.recipient]);
