/** A way to a node that outlives connections: who is cut off connects again, and goes on. */

import { Connection } from "./connection.js";
import { CUT_OFF } from "./refused.js";

const FIRST_PAUSE_MS = 10;
const LAST_PAUSE_MS = 1_000;
const PATIENCE_MS = 60_000;

/** Longer and longer pauses, until patience ends. */
class Pauses {
  #since = Date.now();
  #milliseconds = FIRST_PAUSE_MS;

  async next(error) {
    if (Date.now() - this.#since > PATIENCE_MS) throw error;
    await new Promise((resolve) => setTimeout(resolve, this.#milliseconds));
    this.#milliseconds = Math.min(2 * this.#milliseconds, LAST_PAUSE_MS);
  }
}

export class Link {
  #url;
  #open;
  #current;
  /** Connections that ended, or never came to be, without a close frame. */
  cuts = 0;
  /** Called with `true` when a connection is there, with `false` when there is none. */
  onchange = () => {};

  /** See `Connection.connect`. */
  constructor(url, open) {
    this.#url = url;
    this.#open = open;
  }

  #connect() {
    const current = Connection.connect(this.#url, this.#open);
    current.then(
      () => this.onchange(true),
      () => {},
    );
    return current;
  }

  /** Does something with a connection; throws what is no cut, and forgets the connection else. */
  async #attempt(action) {
    this.#current ??= this.#connect();
    const current = this.#current;
    try {
      return { done: await action(await current) };
    } catch (error) {
      if (error.reason !== CUT_OFF) throw error;
      // Whoever notices first: the others may have a new connection already.
      if (this.#current === current) {
        this.#current = undefined;
        this.cuts += 1;
        this.onchange(false);
      }
      return { error };
    }
  }

  /** Does something with a connection, and does it again with another one for as long as it is cut off. */
  async run(action) {
    const pauses = new Pauses();
    for (;;) {
      const { done, error } = await this.#attempt(action);
      if (!error) return done;
      await pauses.next(error);
    }
  }

  /** Batches of events: `ask` makes each subscription, from the last cursor on; `take` is given each batch. */
  async follow(ask, take) {
    for (let pauses = new Pauses(); ; ) {
      const { error } = await this.#attempt(async (connection) => {
        for await (const batch of connection.subscribe(await ask())) {
          await take(batch);
          pauses = new Pauses();
        }
      });
      await pauses.next(error);
    }
  }

  /** Ends it in good order; what is under way fails. */
  async close() {
    (await this.#current)?.close();
  }
}
