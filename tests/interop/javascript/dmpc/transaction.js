/** Transactions, which carry operations or a request to nodes. Section Transaction. */

import { must } from "./refused.js";
import {
  PIPELINE_OPTIONS,
  RECIPIENTS_MAX,
  TRANSACTION,
  TRANSACTION_BYTES_MAX,
  TRANSACTION_CONTENT,
} from "./schemas.js";
import { seal, unseal } from "./seal.js";
import { decode, encode } from "./wire.js";

const VERSION = 1;

/** A transaction, sealed to these X25519 keys; without any, open. `content` has `operations` or a `request`. */
export async function transaction(content, recipients, options) {
  const carried = encode(TRANSACTION_CONTENT, content);
  const held = recipients.length ? { sealed: await seal(carried, recipients) } : { open: carried };
  return encode(TRANSACTION, { version: VERSION, options, ...held });
}

/** What a transaction asks for and carries, as the node with this key finds out. */
export async function read(bytes, key, acceptsOpen) {
  must(bytes.length <= TRANSACTION_BYTES_MAX, "transaction_too_large");
  const { version, options, sealed, open } = decode(TRANSACTION, bytes);
  must(version === VERSION, "unknown_version");
  must(!options || encode(PIPELINE_OPTIONS, options).length, "default_written");
  must(Boolean(sealed) !== Boolean(open), "content_misplaced");
  must(sealed || acceptsOpen, "seal_required");
  const carried = open ?? (await unseal(sealed, key, RECIPIENTS_MAX, TRANSACTION_BYTES_MAX));
  const content = decode(TRANSACTION_CONTENT, carried);
  must(content.operations.length > 0 !== Boolean(content.request), "content_mixed");
  return { options: options ?? {}, ...content };
}
