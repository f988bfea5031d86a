/** Logical time: milliseconds in the upper 48 bits, a counter in the lower 16. Section Logical time. */

import { must } from "./refused.js";

const COUNTER_BITS = 16n;
const MILLISECONDS_MAX = 2n ** 48n - 1n;
const LAST = 2n ** 64n - 1n;

export const fromMs = (milliseconds, counter = 0) => (BigInt(milliseconds) << COUNTER_BITS) | BigInt(counter);
export const toMs = (stamp) => Number(stamp >> COUNTER_BITS);
export const counterOf = (stamp) => Number(stamp & 0xffffn);
export const toText = (stamp) => `${toMs(stamp)}.${counterOf(stamp)}`;

/** The least timestamp above everything seen and not before the clock. */
export function nextAfter(seen, nowMs) {
  must(seen < LAST, "end_of_time");
  const now = BigInt(nowMs) > MILLISECONDS_MAX ? MILLISECONDS_MAX : BigInt(nowMs);
  const clock = now << COUNTER_BITS;
  return clock > seen ? clock : seen + 1n;
}

/** Stamps above everything that it has seen. */
export class Clock {
  #seen = 0n;

  see(stamp) {
    if (stamp > this.#seen) this.#seen = stamp;
  }

  stamp() {
    this.#seen = nextAfter(this.#seen, Date.now());
    return this.#seen;
  }
}
