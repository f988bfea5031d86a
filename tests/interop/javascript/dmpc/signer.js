/** Somebody who signs: an identity with its clock and its lanes. */

import { hex, randomBytes } from "./bytes.js";
import { Clock } from "./hlc.js";
import * as operation from "./operation.js";

/** Lanes begin when the signer is made and are not kept: a copy never forks them. */
export class Signer {
  #lanes = new Map();

  constructor(identity) {
    this.identity = identity;
    this.clock = new Clock();
  }

  /** An operation issued and certified by this user. */
  sign(draft) {
    return this.#inLane(draft.channel, (link) => operation.sign(this.identity, draft, this.clock.stamp(), link));
  }

  /** Certifies what somebody issued for this user. */
  certify(issued, channel) {
    return this.#inLane(channel, (link) => operation.certify(this.identity, issued, this.clock.stamp(), link));
  }

  #inLane(channel, make) {
    const name = channel ? hex.encode(channel) : "";
    const link = this.#lanes.get(name) ?? { lane: randomBytes(16), seq: 1n };
    const made = make(link);
    this.#lanes.set(name, { lane: link.lane, seq: link.seq + 1n, prev: made.id });
    return made;
  }
}
