/**
 * Something is not as the protocol wants it. `reason` is a stable word of docs/PROTOCOL.md, section Errors; `code` says how
 * a node told it: `answer` for an error inside an answer, or the number of a close frame such as `4401`.
 */
export class Refused extends Error {
  constructor(reason, detail = "", code = "") {
    super(detail ? `${reason}: ${detail}` : reason);
    this.name = "Refused";
    this.reason = reason;
    this.detail = detail;
    this.code = code;
  }
}

/** What `cut` says when a connection ended without a close frame: nobody knows what became of what was under way. */
export const CUT_OFF = "cut_off";

/** Refuses unless something holds. */
export function must(holds, reason, detail) {
  if (!holds) throw new Refused(reason, detail);
}
