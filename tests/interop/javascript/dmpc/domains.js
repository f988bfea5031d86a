/** Hashes, each in a domain of its own. Section Domains. */

import { blake3 } from "@noble/hashes/blake3.js";
import { concat, NONE, u64, utf8 } from "./bytes.js";

/** What comes behind `dmpc v1` in the context of a hash. */
export const Domain = {
  USER_ID: "user id",
  NODE_ID: "node id",
  CHANNEL: "channel",
  OPERATION_ID: "operation id",
  ISSUE_ID: "issue id",
  KEY_ID: "key id",
  CONTENT_KEY: "content key",
  SIGN_OPERATION: "sign operation",
  SIGN_ISSUE: "sign issue",
  SIGN_CERTIFICATION: "sign certification",
  SIGN_COUNTERSIGNATURE: "sign countersignature",
  SIGN_REQUEST: "sign request",
  SIGN_NODE_INFO: "sign node info",
};

/** The hash of some bytes, one after the other, in a domain. */
export const derive = (domain, ...input) => blake3(concat(...input), { context: utf8(`dmpc v1 ${domain}`) });

export const userId = (signing, encryption) => derive(Domain.USER_ID, signing, encryption);
export const nodeId = (signing, encryption) => derive(Domain.NODE_ID, signing, encryption);
export const channelId = (issuer, genesis) => derive(Domain.CHANNEL, issuer, genesis);
export const issueId = (body) => derive(Domain.ISSUE_ID, body);
export const keyId = (key) => derive(Domain.KEY_ID, key);
export const contentKey = (key, channel) => derive(Domain.CONTENT_KEY, key, channel);

/** The id of an operation; without a certification, of one that its issuer certifies itself. */
export const operationId = (body, certification = NONE) =>
  derive(Domain.OPERATION_ID, u64(BigInt(body.length)), body, certification);
