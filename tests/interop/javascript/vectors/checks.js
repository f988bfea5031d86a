/** What is done with the cases of each check. See tests/vectors/README.md. */

import { blake3 } from "@noble/hashes/blake3.js";
import { hex, u64, utf8 } from "../dmpc/bytes.js";
import { contentKey, Domain, derive, issueId, keyId, nodeId, userId } from "../dmpc/domains.js";
import * as hlc from "../dmpc/hlc.js";
import { Identity } from "../dmpc/identity.js";
import { Name, read, write } from "../dmpc/ids.js";
import { checkEncryptionKey, checkSigningKey, verify } from "../dmpc/keys.js";
import { KIND_NAMES } from "../dmpc/kinds.js";
import * as operation from "../dmpc/operation.js";
import { SCHEMAS, TRANSACTION_BYTES_MAX } from "../dmpc/schemas.js";
import { checkShape, openContent, unseal, unwrap } from "../dmpc/seal.js";
import * as transaction from "../dmpc/transaction.js";
import { decode } from "../dmpc/wire.js";
import { data, expect, person, run, same, stamp } from "./case.js";

const CONTEXT = "dmpc v1 ";
const NAMES = {
  user: Name.USER,
  channel: Name.CHANNEL,
  node: Name.NODE,
  operation: Name.OPERATION,
  issue: Name.ISSUE,
  key: Name.KEY_ID,
  lane: Name.LANE,
};

function hash({ inputs, expected }) {
  const dkLen = expected.hash.length / 2;
  expect(expected, { hash: blake3(data(inputs.input), { context: utf8(inputs.context), dkLen }) });
}

function fingerprint({ inputs, values, expected }) {
  const who = person(inputs.person);
  const [signing, encryption] = [who.signing.public, who.encryption.public];
  const [user, node] = [userId(signing, encryption), nodeId(signing, encryption)];
  same("signing key", signing, values.signing_key);
  same("encryption key", encryption, values.encryption_key);
  same("hash", derive(Domain.SIGN_COUNTERSIGNATURE, user, signing), values.countersignature_hash);
  expect(expected, {
    user_id: user,
    user_text: write(Name.USER, user),
    node_id: node,
    node_text: write(Name.NODE, node),
    recipient_text: write(Name.ENCRYPTION_KEY, encryption),
    signing_secret_text: write(Name.SECRET_SIGNING_KEY, who.signing.seed),
    encryption_secret_text: write(Name.SECRET_ENCRYPTION_KEY, who.encryption.secret),
    countersignature: who.signing.countersign(user),
  });
}

async function idText({ inputs, expected }) {
  const found = await run(expected, () => read(NAMES[inputs.type], inputs.text));
  if (!found) return;
  expect(expected, { bytes: found });
  same("text", write(NAMES[inputs.type], found), inputs.text.toLowerCase());
}

async function identityFile({ inputs, expected }) {
  const found = await run(expected, () => Identity.fromText(inputs.text));
  if (!found) return;
  const wanted = person(expected.person);
  for (const name of ["user"]) same(name, found[name], hex.encode(wanted[name]));
  same("signing", found.signing.seed, hex.encode(wanted.signing.seed));
  same("encryption", found.encryption.secret, hex.encode(wanted.encryption.secret));
  same("written", Identity.fromText(found.toText()).toText(), found.toText());
}

function time({ inputs, expected }) {
  const at = hlc.fromMs(inputs.milliseconds, inputs.counter);
  const key = u64(at);
  expect(expected, { key_bytes: key, wire_bytes: Uint8Array.from(key).reverse(), text: hlc.toText(at) });
}

async function tick({ inputs, expected }) {
  const found = await run(expected, () => hlc.nextAfter(stamp(inputs.seen), inputs.now_milliseconds));
  if (found !== undefined) expect(expected, { timestamp: u64(found) });
}

const publicKey = ({ inputs, expected }) =>
  run(expected, () => ({ signing: checkSigningKey, encryption: checkEncryptionKey })[inputs.type](data(inputs.key)));

function signature({ inputs, values, expected }) {
  const domain = inputs.context.slice(CONTEXT.length);
  same("hash", derive(domain, data(inputs.input)), values.signed_hash);
  return run(expected, () => verify(data(inputs.key), domain, data(inputs.input), data(inputs.signature)));
}

const wire = ({ inputs, expected }) => run(expected, () => decode(SCHEMAS[inputs.message], data(inputs.bytes)));

async function operationOf({ inputs, values = {}, expected }) {
  const found = await run(expected, () => operation.verified(data(inputs.operation ?? values.operation)));
  if (!found) return;
  const { header, certification, body, issue, id, timestamp, key } = found;
  for (const [name, value] of Object.entries({
    header: found.headerBytes,
    body,
    issue_id: issue,
    certification: found.certificationBytes,
  })) {
    if (values[name]) same(name, value, values[name]);
  }
  expect(expected, {
    operation_id: id,
    issue_id: certification && issue,
    kind: KIND_NAMES[header.kind],
    issuer: header.issuer,
    certifier: header.certifier ?? header.issuer,
    channel: header.channel,
    timestamp: u64(timestamp),
    key,
  });
  // ed25519 is deterministic: the same signature is made again.
  if (inputs.issuer && !certification) {
    const again = person(inputs.issuer).signing.sign(Domain.SIGN_OPERATION, body);
    same("signature", again, hex.encode(found.signature));
  }
}

async function issueOf({ inputs, values, expected }) {
  const [issued, link] = [data(inputs.issue), decode(SCHEMAS.Certification, data(values.certification)).link];
  const made = operation.certify(person(inputs.certifier), issued, stamp(inputs.certified_at), link);
  same("issue id", issueId(made.body), values.issue_id);
  same("operation id", made.id, expected.operation_id);
  same("operation", made.bytes, expected.operation);
}

async function openContentOf({ inputs, values = {}, expected }) {
  const key = data(inputs.epoch_key);
  const found = await run(expected, () => openContent(operation.read(data(inputs.operation)), key));
  if (!found) return;
  expect(expected, { content: found });
  const { header } = operation.read(data(inputs.operation));
  if (values.content_key) same("content key", contentKey(key, header.channel), values.content_key);
  if (values.key_id) same("key id", keyId(key), values.key_id);
}

async function openWrap({ inputs, expected }) {
  const { user, encryption } = person(inputs.opener);
  const found = await run(expected, () =>
    unwrap(data(inputs.sealed), encryption, data(inputs.channel), user, data(inputs.key_id)),
  );
  if (found) expect(expected, { epoch_key: found });
}

const ageShape = ({ inputs, expected }) =>
  run(expected, () => checkShape(data(inputs.sealed), inputs.recipients_allowed));

async function transactionOf({ inputs, expected }) {
  const found = await run(expected, () =>
    transaction.read(data(inputs.transaction), person(inputs.node).encryption, inputs.accepts_open),
  );
  if (!found) return;
  const { options, operations, request } = found;
  expect(expected, {
    read_status_updates: options.readStatusUpdates ?? false,
    read_result: options.readResult ?? false,
    keep_alive: options.keepAlive ?? false,
    operations: expected.operations && operations.map(hex.encode),
    request,
  });
}

/** Answers are plain protobuf, of which field 15 alone stands: `7a`, its length, and the age bytes. */
async function sealedAnswer({ inputs, values = {}, expected }) {
  const SEALED = [{ number: 15, name: "sealed", type: SCHEMAS.Body[0].type }];
  const found = await run(expected, async () => {
    const { sealed } = decode(SEALED, data(inputs.answer));
    if (values.sealed) same("sealed", sealed, values.sealed);
    return unseal(sealed, person(inputs.opener).encryption, 1, 4 * TRANSACTION_BYTES_MAX);
  });
  if (found) expect(expected, { plain: found });
}

/** By the name of the check. */
export const CHECKS = {
  hash,
  fingerprint,
  id_text: idText,
  identity_file: identityFile,
  time,
  tick,
  public_key: publicKey,
  signature,
  wire,
  operation: operationOf,
  issue: issueOf,
  open_content: openContentOf,
  open_wrap: openWrap,
  age_shape: ageShape,
  transaction: transactionOf,
  sealed_answer: sealedAnswer,
};
