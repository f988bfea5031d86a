/** Subscriptions: what was, what comes, cut off and resumed. */

import { hex } from "../dmpc/bytes.js";
import { Name, write } from "../dmpc/ids.js";
import { personAt } from "../node.js";
import { as, channelOf } from "./conversations.js";

/** Texts of one batch. */
const AT_ONCE = 3;

/** An event as one word; a message as what it says. */
const said = (event) => (event.kind === "MESSAGE" ? event.text : `(${event.kind.toLowerCase()})`);

/** Takes so many events, from a cursor on. Needs identity, channel, count, cursor (hexadecimal, or empty). */
export const listen = ({ ws, identity, channel, count, cursor }) =>
  as(ws, identity, (listener) => {
    const events = [];
    return new Promise((resolve, reject) => {
      const hear = (event) => {
        if (events.push(event) !== count) return;
        resolve({ events: events.map(said), cursor: hex.encode(event.cursor) });
      };
      listener.follow(channelOf(channel), hear, { cursor: hex.decode(cursor) }).catch(reject);
    });
  });

/** A member who listens is removed by another: why its subscription ends. Needs identity, manager, channel. */
export async function removed({ ws, identity, manager, channel }) {
  const [listener, remover] = await Promise.all([identity, manager].map((file) => personAt(ws, file)));
  let caughtUp;
  const began = new Promise((resolve) => {
    caughtUp = resolve;
  });
  const ended = listener.follow(channelOf(channel), caughtUp, { fromNow: true }).catch((error) => error);
  await began;
  await remover.remove(channelOf(channel), listener.user);
  const { reason, code } = await ended;
  const asked = await listener.messages(channelOf(channel)).catch((error) => error);
  await Promise.all([listener, remover].map(({ link }) => link.close()));
  return { reason, code, asked: asked.reason };
}

/**
 * Somebody says texts, and somebody listens, both over a way that is cut again and again; then the listener reads it all.
 * Needs speaker, listener (identities), channel, texts.
 */
export async function throughCuts({ ws, speaker, listener, channel, texts }) {
  const [alice, bob] = await Promise.all([speaker, listener].map((file) => personAt(ws, file)));
  const [room, heard, read] = [channelOf(channel), [], []];
  const everything = new Promise((resolve, reject) => {
    const hear = (event) => {
      if (event.kind === "MESSAGE" && heard.push(event.text) === texts.length) resolve();
    };
    bob.follow(room, hear).catch(reject);
  });
  for (let start = 0; start < texts.length; start += AT_ONCE) {
    await alice.say(room, ...texts.slice(start, start + AT_ONCE));
  }
  await everything;
  for (const { text, operation } of await bob.messages(room, { limit: 5 })) {
    read.push({ text, operation: write(Name.OPERATION, operation.id) });
  }
  const cuts = alice.link.cuts + bob.link.cuts;
  await Promise.all([alice, bob].map(({ link }) => link.close()));
  return { heard, read, cuts };
}
