/** Operations: what is issued by one user and certified by one. Section Operation. */

import { compare, concat, equal, NONE, u64 } from "./bytes.js";
import { Domain, issueId, operationId } from "./domains.js";
import { checkSigningKey, verify } from "./keys.js";
import { isOfChannel, PAYLOADS, verifyCountersignature } from "./kinds.js";
import { must } from "./refused.js";
import { BODY, CERTIFICATION, HEADER, OPERATION, OPERATION_BYTES_MAX } from "./schemas.js";
import { decode, encode } from "./wire.js";

export const VERSION = 1;

function checkLink(link) {
  must(link.lane, "missing_field", "lane");
  must(link.seq, "bad_link", "seq");
  const isFirst = link.seq === 1n;
  must(isFirst === (link.prev === undefined) && !link.prev?.every((byte) => byte === 0), "bad_link", "prev");
}

function checkHeader(header) {
  must(header.version === VERSION, "unknown_version", `${header.version}`);
  must(PAYLOADS[header.kind], "unknown_kind", `${header.kind}`);
  must(isOfChannel(header.kind) === Boolean(header.channel), "channel_misplaced");
  must(header.issuer && header.issuerKey, "missing_field", "issuer");
  checkSigningKey(header.issuerKey);
  must(header.issuedAt, "zero_timestamp");
  must(!(header.certifier && equal(header.certifier, header.issuer)), "self_named");
  must(Boolean(header.link) !== Boolean(header.certifier), "link_misplaced");
  must((header.kind === 6) === Boolean(header.keyId), "key_id_misplaced");
  if (header.link) checkLink(header.link);
}

function checkCertification(found, issue, header) {
  must(found.issueId && found.certifierKey && found.link, "missing_field", "certification");
  must(equal(found.issueId, issue), "certification_of_other_issue");
  checkSigningKey(found.certifierKey);
  must((found.timestamp ?? 0n) >= header.issuedAt, "certified_too_early");
  checkLink(found.link);
}

function readBody(bytes) {
  const body = decode(BODY, bytes);
  const headerBytes = body.header ?? NONE;
  const header = decode(HEADER, headerBytes);
  checkHeader(header);
  const [schema, check] = PAYLOADS[header.kind];
  const payload = decode(schema, body.payload ?? NONE);
  check({ header, payload });
  return { headerBytes, header, payload };
}

/**
 * A well-formed operation: `bytes`, `body`, `headerBytes`, `header`, `payload`, `certification` if another certified it,
 * `id`, `issue`, `timestamp` and `key`, its place in the order of everything.
 */
export function read(bytes) {
  must(bytes.length <= OPERATION_BYTES_MAX, "operation_too_large");
  const outer = decode(OPERATION, bytes);
  const body = outer.body ?? NONE;
  const made = { bytes, body, ...readBody(body), signature: outer.signature, issue: issueId(body) };
  must(outer.signature, "missing_field", "signature");
  must(made.header.certifier || !outer.certification, "certification_not_wanted");
  must(outer.certification || !made.header.certifier, "certification_missing");
  must(Boolean(outer.certification) === Boolean(outer.certificationSignature), "missing_field", "signature");
  if (outer.certification) {
    made.certification = decode(CERTIFICATION, outer.certification);
    made.certificationBytes = outer.certification;
    made.certificationSignature = outer.certificationSignature;
    checkCertification(made.certification, made.issue, made.header);
  }
  made.id = operationId(body, outer.certification);
  made.timestamp = made.certification?.timestamp ?? made.header.issuedAt;
  made.key = concat(u64(made.timestamp), made.id);
  return made;
}

/** Refuses an operation one of whose signatures does not verify. */
export function verifyAll(made) {
  const domain = made.certification ? Domain.SIGN_ISSUE : Domain.SIGN_OPERATION;
  verify(made.header.issuerKey, domain, made.body, made.signature);
  if (made.certification) {
    const { certification, certificationBytes, certificationSignature } = made;
    verify(certification.certifierKey, Domain.SIGN_CERTIFICATION, certificationBytes, certificationSignature);
  }
  verifyCountersignature(made);
  return made;
}

/** An operation as somebody else gives it: well formed, and with every signature verified. */
export const verified = (bytes) => verifyAll(read(bytes));

/** The order of everything. */
export const inOrder = (one, other) => compare(one.key, other.key);

/** The header of what is to be signed, encoded. `payload` may need it, so that content is sealed under its header. */
function bodyOf(header, payload) {
  const headerBytes = encode(HEADER, header);
  const [schema] = PAYLOADS[header.kind];
  const values = typeof payload === "function" ? payload(headerBytes) : payload;
  return encode(BODY, { header: headerBytes, payload: encode(schema, values) });
}

function headerOf(identity, draft, issuedAt) {
  const { kind, channel, keyId } = draft;
  return {
    version: VERSION,
    kind,
    channel,
    issuer: identity.user,
    issuerKey: identity.signing.public,
    issuedAt,
    keyId,
  };
}

/** An operation that its issuer certifies itself. A draft has `kind`, `payload`, and of a channel `channel`, `keyId`. */
export function sign(identity, draft, issuedAt, link) {
  const body = bodyOf({ ...headerOf(identity, draft, issuedAt), link }, draft.payload);
  return read(encode(OPERATION, { body, signature: identity.signing.sign(Domain.SIGN_OPERATION, body) }));
}

/** An issue, for `certifier` to certify: an operation without its certification. */
export function issue(identity, draft, issuedAt, certifier) {
  const body = bodyOf({ ...headerOf(identity, draft, issuedAt), certifier }, draft.payload);
  return encode(OPERATION, { body, signature: identity.signing.sign(Domain.SIGN_ISSUE, body) });
}

/** Certifies what somebody issued for this identity. */
export function certify(identity, issued, timestamp, link) {
  const outer = decode(OPERATION, issued);
  const { header } = readBody(outer.body ?? NONE);
  must(header.certifier && equal(header.certifier, identity.user), "not_the_certifier");
  verify(header.issuerKey, Domain.SIGN_ISSUE, outer.body, outer.signature);
  const certifierKey = identity.signing.public;
  const certification = encode(CERTIFICATION, { issueId: issueId(outer.body), certifierKey, timestamp, link });
  const certificationSignature = identity.signing.sign(Domain.SIGN_CERTIFICATION, certification);
  return read(encode(OPERATION, { ...outer, certification, certificationSignature }));
}
