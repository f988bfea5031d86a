/** A node over websocket, subprotocol `dmpc.v1.json`. Sections Front ends, JSON. */

import { CUT_OFF, Refused } from "./refused.js";

export const SUBPROTOCOL = "dmpc.v1.json";
/** One frame of a node has at most so many bytes. */
export const FRAME_BYTES_MAX = 4 * 1024 * 1024;
/** Transactions of one batch. */
export const BATCH_ITEMS_MAX = 256;

const isFinal = (ack) => ack.state === "TICKET_STATE_SUCCESS" || ack.state === "TICKET_STATE_FAILED";

/** What waits for frames: takes them as they come, and gives them one after the other. */
class Inbox {
  #frames = [];
  #wake = () => {};
  #error;

  put(frame) {
    this.#frames.push(frame);
    this.#wake();
  }

  fail(error) {
    this.#error ??= error;
    this.#wake();
  }

  async next() {
    while (!this.#frames.length) {
      if (this.#error) throw this.#error;
      await new Promise((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#frames.shift();
  }
}

/** A websocket that is open. Requests may be under way at the same time: ids tell their answers apart. */
export class Connection {
  #socket;
  #inboxes = new Map();
  #lastId = 0;
  #ended;

  /** `open(url, subprotocol)` makes a WebSocket, of a browser or of `ws`. */
  static connect(url, open) {
    return new Promise((resolve, reject) => {
      const socket = open(url, SUBPROTOCOL);
      const connection = new Connection(socket);
      socket.addEventListener("open", () => {
        if (socket.protocol === SUBPROTOCOL) resolve(connection);
        else reject(new Refused("no_subprotocol", socket.protocol));
      });
      // A close follows an error, always.
      socket.addEventListener("error", () => {});
      socket.addEventListener("close", () => reject(connection.#ended));
    });
  }

  constructor(socket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#take(data));
    socket.addEventListener("close", ({ code, reason }) => this.#end(code, reason));
  }

  #take(data) {
    if (typeof data !== "string") throw new Refused("binary_frame", "every frame is text");
    const frame = JSON.parse(data);
    if (frame.acks) for (const ack of frame.acks.acks) this.#inboxes.get(`item ${ack.clientId ?? 0}`)?.put(ack);
    else this.#inboxes.get(frame.id)?.put(frame);
  }

  #end(code, said) {
    const [reason, detail] = said.split(/: (.*)/s);
    const isWhole = code !== 1006;
    this.#ended = isWhole ? new Refused(reason, detail, `${code}`) : new Refused(CUT_OFF, "no close frame came");
    for (const inbox of this.#inboxes.values()) inbox.fail(this.#ended);
  }

  get isOpen() {
    return this.#ended === undefined;
  }

  #inbox(name) {
    if (this.#ended) throw this.#ended;
    const inbox = new Inbox();
    this.#inboxes.set(name, inbox);
    return inbox;
  }

  /** Sends a frame as it is. */
  send(frame) {
    if (this.#ended) throw this.#ended;
    this.#socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  /** Asks for something and takes the frames under its id until `more` says that there are no more. */
  async *#asked(what, field) {
    const id = `${++this.#lastId}`;
    const inbox = this.#inbox(id);
    let goesOn = field === "events";
    try {
      this.send({ id, ...what });
      for (;;) {
        const frame = await inbox.next();
        if (frame.error) {
          goesOn = false;
          throw new Refused(frame.error.reason, frame.error.detail, "answer");
        }
        if (!frame[field]) throw new Refused("other_answer", `${Object.keys(frame)} where ${field} was expected`);
        yield frame[field];
      }
    } finally {
      this.#inboxes.delete(id);
      // Who takes no more events says so.
      if (goesOn && this.isOpen) this.send({ id, unsubscribe: true });
    }
  }

  async #answer(what, field) {
    for await (const found of this.#asked(what, field)) return found;
  }

  /** Who the node is; `challenge` is base64 of 32 bytes. */
  nodeInfo = (challenge) => this.#answer({ nodeInfo: { challenge } }, "nodeInfo");

  /** The answer to a request, by the name of its query; `transaction` is base64. */
  read = (query, transaction) => this.#answer({ read: { transaction } }, query);

  /** Events in batches, as they come; `transaction` is base64. */
  subscribe = (transaction) => this.#asked({ subscribe: { transaction } }, "events");

  /** Submits transactions (base64) in one batch: every acknowledgement of each, in their order. */
  async submit(transactions) {
    const items = transactions.map((transaction) => ({ clientId: `${++this.#lastId}`, transaction }));
    const inboxes = items.map(({ clientId }) => this.#inbox(`item ${clientId}`));
    this.send({ submit: { items } });
    return Promise.all(
      inboxes.map(async (inbox) => {
        const acks = [await inbox.next()];
        while (!isFinal(acks.at(-1))) acks.push(await inbox.next());
        return acks;
      }),
    ).finally(() => {
      for (const { clientId } of items) this.#inboxes.delete(`item ${clientId}`);
    });
  }

  close() {
    this.#socket.close();
  }
}
