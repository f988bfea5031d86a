/**
 * A node over gRPC-web, as a page can call it: what a `Connection` offers, with the same answers. Sections Front ends, Errors.
 */

import { base64, concat, text } from "./bytes.js";
import { CUT_OFF, Refused } from "./refused.js";
import {
  bool,
  bytes,
  encode,
  enumeration,
  field,
  fixed64,
  lenient,
  message,
  repeated,
  string,
  uint32,
  uint64,
} from "./wire.js";

const CONTENT_TYPE = "application/grpc-web+proto";
const PREFIX_BYTES = 5;
const TRAILERS = 0x80;
const MANY = repeated(Number.POSITIVE_INFINITY);
const words = string(Number.POSITIVE_INFINITY);

// Of node.proto, as much as is asked for here.
const NODE_INFO_REQUEST = [field(1, "challenge", bytes())];
const READ_REQUEST = [field(1, "transaction", bytes())];
const SUBMIT_REQUEST = [field(1, "transaction", bytes())];

const NODE_INFO = [
  field(1, "node", bytes()),
  field(2, "recipient", bytes()),
  field(3, "version", words),
  field(4, "latest", fixed64),
  field(7, "operations", uint64),
  field(8, "ruleset", uint32),
  field(9, "roots", bytes(), MANY),
  field(10, "acceptsOpen", bool),
  field(11, "signingKey", bytes()),
  field(12, "signature", bytes()),
  field(13, "users", uint64),
  field(14, "channels", uint64),
];
const OUTCOME = [
  field(1, "kind", enumeration),
  field(2, "operation", bytes()),
  field(3, "reason", words),
  field(4, "detail", words),
];
const ERROR = [field(1, "reason", words), field(2, "detail", words)];
const ACK = [
  field(2, "state", enumeration),
  field(3, "outcomes", message(OUTCOME), MANY),
  field(4, "error", message(ERROR)),
  field(5, "latest", fixed64),
];
const POSITIONED = [field(1, "position", uint64), field(2, "operation", bytes())];
const MESSAGES = [field(1, "messages", message(POSITIONED), MANY), field(2, "cursor", bytes())];
const CHANNEL = [field(2, "name", words), field(6, "messages", uint64)];
const MEMBER = [field(1, "user", bytes()), field(2, "rights", uint32), field(3, "displayName", words)];
const EPOCH = [field(1, "keyId", bytes()), field(2, "wraps", bytes(), MANY)];
const CHANNEL_PAGE = [
  field(1, "channel", message(CHANNEL)),
  field(2, "members", message(MEMBER), MANY),
  field(3, "epochs", message(EPOCH), MANY),
  field(5, "cursor", bytes()),
];
// Of answers that nobody looks into here.
const PAGE = [];

const STATES = ["UNSPECIFIED", "QUEUED", "RUNNING", "SUCCESS", "FAILED"];
const OUTCOMES = ["UNSPECIFIED", "APPLIED", "PENDING", "REJECTED", "DUPLICATE", "REFUSED"];

/** The call of each query, and what it answers with. */
const CALLS = {
  users: ["ReadUsers", PAGE],
  channel: ["ReadChannel", CHANNEL_PAGE],
  channels: ["ListChannels", PAGE],
  messages: ["ReadMessages", MESSAGES],
  keys: ["ReadKeys", PAGE],
};

// google.rpc, of which a status carries a list of details.
const STATUS = [field(3, "details", message([field(1, "type", words), field(2, "value", bytes())]), MANY)];
const ERROR_INFO = [field(1, "reason", words)];
const CODES =
  "OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED RESOURCE_EXHAUSTED " +
  "FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED";

/** A message as it is in JSON: bytes in base64, numbers of 64 bits as text. */
function asJson(value) {
  if (value instanceof Uint8Array) return base64.encode(value);
  if (typeof value === "bigint") return `${value}`;
  if (Array.isArray(value)) return value.map(asJson);
  if (typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, asJson(part)]));
}

function ackOf(data) {
  const { state, outcomes, ...rest } = lenient(ACK, data);
  const named = outcomes.map((one) => ({ ...one, kind: `OUTCOME_KIND_${OUTCOMES[one.kind]}` }));
  return asJson({ state: `TICKET_STATE_${STATES[state]}`, outcomes: named, ...rest });
}

/** Refuses with what a status says; padding may be left out in its details. */
function checkStatus(get) {
  const code = Number(get("grpc-status") ?? 2);
  if (code === 0) return;
  const encoded = get("grpc-status-details-bin") ?? "";
  const details = base64.decode(encoded.padEnd(Math.ceil(encoded.length / 4) * 4, "="));
  const info = lenient(STATUS, details).details.find(({ type }) => type.endsWith("/google.rpc.ErrorInfo"));
  const reason = info ? lenient(ERROR_INFO, info.value).reason : "no_details";
  throw new Refused(reason, decodeURIComponent(get("grpc-message") ?? ""), CODES.split(" ")[code]);
}

export class GrpcWeb {
  /** By an address such as `127.0.0.1:64928`. */
  constructor(address) {
    this.address = address;
  }

  /** Messages of an answer, as they come; then its status. */
  async *#call(name, schema, values) {
    const data = encode(schema, values);
    const prefix = new Uint8Array(PREFIX_BYTES);
    new DataView(prefix.buffer).setUint32(1, data.length);
    const headers = { "content-type": CONTENT_TYPE, accept: CONTENT_TYPE, "x-grpc-web": "1" };
    const stopping = new AbortController();
    const asked = { method: "POST", headers, body: concat(prefix, data), signal: stopping.signal };
    let answer;
    try {
      answer = await fetch(`http://${this.address}/dmpc.v1.Node/${name}`, asked);
    } catch (error) {
      throw new Refused(CUT_OFF, error.message);
    }
    if (!answer.ok) throw new Refused("no_call", `status ${answer.status}`);
    if (answer.headers.has("grpc-status")) checkStatus((header) => answer.headers.get(header));
    try {
      yield* frames(answer.body.getReader());
    } finally {
      stopping.abort();
    }
  }

  async #answer(name, schema, values) {
    const found = [];
    for await (const data of this.#call(name, schema, values)) found.push(data);
    return found;
  }

  /** See `Connection`. */
  async nodeInfo(challenge) {
    const asked = { challenge: base64.decode(challenge) };
    const [data] = await this.#answer("NodeInfo", NODE_INFO_REQUEST, asked);
    return asJson(lenient(NODE_INFO, data));
  }

  /** See `Connection`. */
  async read(query, transaction) {
    const [name, schema] = CALLS[query];
    const [data] = await this.#answer(name, READ_REQUEST, { transaction: base64.decode(transaction) });
    return asJson(lenient(schema, data));
  }

  /** Events in batches, which are not looked into. */
  subscribe(transaction) {
    return this.#call("Subscribe", READ_REQUEST, { transaction: base64.decode(transaction) });
  }

  /** See `Connection`. One call for each, one after the other. */
  async submit(transactions) {
    const acks = [];
    for (const transaction of transactions) {
      const asked = { transaction: base64.decode(transaction) };
      acks.push((await this.#answer("Submit", SUBMIT_REQUEST, asked)).map(ackOf));
    }
    return acks;
  }

  /** As a `Link` has it: a call needs no connection. */
  run = (action) => action(this);

  close() {}
}

/** What stands in a body, frame by frame: messages, and at last the status. */
async function* frames(reader) {
  let held = new Uint8Array();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Refused(CUT_OFF, "an answer without a status");
    held = concat(held, value);
    for (;;) {
      const view = new DataView(held.buffer, held.byteOffset);
      if (held.length < PREFIX_BYTES || held.length < PREFIX_BYTES + view.getUint32(1)) break;
      const [kind, end] = [held[0], PREFIX_BYTES + view.getUint32(1)];
      const data = held.slice(PREFIX_BYTES, end);
      held = held.slice(end);
      if (kind !== TRAILERS) {
        yield data;
        continue;
      }
      const trailers = new Map(
        text(data)
          .split("\r\n")
          .map((line) => line.split(/:\s*(.*)/s)),
      );
      return checkStatus((name) => trailers.get(name));
    }
  }
}
