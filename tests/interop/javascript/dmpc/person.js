/** Somebody at a node: signs and submits, asks and verifies, keeps epoch keys. */

import { base64, compare, concat, equal, hex, NONE, randomBytes, text as readText, utf8 } from "./bytes.js";
import { BATCH_ITEMS_MAX } from "./connection.js";
import { channelId, Domain, keyId, nodeId, userId } from "./domains.js";
import { verify } from "./keys.js";
import { Kind, Right } from "./kinds.js";
import { verified } from "./operation.js";
import { must, Refused } from "./refused.js";
import { asked } from "./request.js";
import { CHANNEL_GENESIS } from "./schemas.js";
import { NONCE_BYTES, openContent, sealContent, unwrap, wrap } from "./seal.js";
import { Signer } from "./signer.js";
import { transaction } from "./transaction.js";
import { encode } from "./wire.js";

const CHALLENGE_BYTES = 32;
/** What every question asks of an answer: that ids and keys are bytes. */
const bytesOf = (value) => base64.decode(value ?? "");

/** Who the node is: refuses what is not from the holder of the keys that its id names. */
async function whoIs(link) {
  const challenge = randomBytes(CHALLENGE_BYTES);
  const said = await link.run((connection) => connection.nodeInfo(base64.encode(challenge)));
  const [node, recipient, signing] = [said.node, said.recipient, said.signingKey].map(bytesOf);
  must(equal(nodeId(signing, recipient), node), "other_node_keys");
  verify(signing, Domain.SIGN_NODE_INFO, concat(node, recipient, challenge), bytesOf(said.signature));
  return { node, recipient, latest: BigInt(said.latest ?? 0), said };
}

const ascending = (users) => [...users].sort((one, other) => compare(one.user, other.user));

/** Wraps of an epoch key for users with an `encryptionKey`, ascending. */
const wraps = (key, channel, users) =>
  Promise.all(
    ascending(users).map(async ({ user, encryptionKey }) => {
      return { user, encryptionKey, sealed: await wrap(key, channel, user, encryptionKey) };
    }),
  );

export class Person {
  #epochs = new Map();

  /** An identity at the node that a link leads to. */
  static async at(identity, link) {
    return new Person(identity, link, await whoIs(link));
  }

  constructor(identity, link, info) {
    this.identity = identity;
    this.link = link;
    this.info = info;
    this.signer = new Signer(identity);
    this.signer.clock.see(info.latest);
  }

  get user() {
    return this.identity.user;
  }

  /**
   * Submits each operation in a transaction of its own, sealed to the node; what became of each. Who is cut off submits those
   * very operations again, until they are answered: what the node had already is a duplicate.
   */
  async submit(operations) {
    const outcomes = [];
    for (let start = 0; start < operations.length; start += BATCH_ITEMS_MAX) {
      const part = operations.slice(start, start + BATCH_ITEMS_MAX);
      const carried = await Promise.all(
        part.map((one) => transaction({ operations: [one.bytes] }, [this.info.recipient], { readResult: true })),
      );
      const acks = await this.link.run((connection) => connection.submit(carried.map(base64.encode)));
      acks.forEach((updates, place) => {
        outcomes.push(this.#outcome(updates.at(-1), part[place]));
      });
    }
    return outcomes;
  }

  #outcome(ack, operation) {
    if (ack.outcomes?.length !== 1) throw new Refused(ack.error?.reason ?? "other_acks", ack.error?.detail);
    const [found] = ack.outcomes;
    must(!found.operation || equal(bytesOf(found.operation), operation.id), "other_id", "the node has another id");
    this.signer.clock.see(BigInt(ack.latest));
    return { kind: found.kind.replace("OUTCOME_KIND_", ""), reason: found.reason ?? "", detail: found.detail ?? "" };
  }

  /** Signs things and submits them, one after the other; they must take effect. */
  async do(...drafts) {
    const made = drafts.map((draft) => this.signer.sign(draft));
    for (const outcome of await this.submit(made)) {
      const isThere = outcome.kind === "APPLIED" || outcome.kind === "DUPLICATE";
      if (!isThere) throw new Refused(outcome.reason, outcome.detail, outcome.kind);
    }
    return made;
  }

  /** The answer to one query, named by its field in `Query`. A request is answered once: each attempt has its own. */
  ask(query) {
    const [name] = Object.keys(query);
    return this.link.run(async (connection) =>
      connection.read(name, base64.encode(await asked(this.identity, this.info, query))),
    );
  }

  /** Every page of an answer. */
  async *#pages(name, query) {
    let cursor = NONE;
    do {
      const page = await this.ask({ [name]: { ...query, cursor } });
      yield page;
      cursor = bytesOf(page.cursor);
    } while (cursor.length);
  }

  /** A channel: what is said of it, its members, and its epochs with this user's wraps, the current one last. */
  async readChannel(channel, limit = 0) {
    const epochs = new Map();
    const members = [];
    let about;
    for await (const page of this.#pages("channel", { channel, limit })) {
      about = page.channel;
      for (const { keyId: id, wraps: found = [] } of page.epochs ?? []) {
        epochs.set(id, [...(epochs.get(id) ?? []), ...found.map(bytesOf)]);
      }
      for (const member of page.members ?? []) {
        members.push({ user: bytesOf(member.user), rights: member.rights ?? 0, name: member.displayName ?? "" });
      }
    }
    return { about, members, epochs };
  }

  /** Users by their ids, each with the keys that its id proves; rotated ones are not trusted. */
  async usersOf(users) {
    // Without an id it would be a question about everybody.
    if (!users.length) return [];
    const { users: found = [] } = await this.ask({ users: { users } });
    must(found.length === users.length, "unknown_user");
    return found.map((one) => {
      const [user, signing, encryptionKey] = [one.id, one.signingKey, one.encryptionKey].map(bytesOf);
      must(equal(userId(signing, encryptionKey), user), "rotated_keys", "the keys are not those of the id");
      return { user, encryptionKey };
    });
  }

  /** Makes an identity a user. */
  createUser(subject, displayName, permissions = 0) {
    const payload = {
      signingKey: subject.signing.public,
      encryptionKey: subject.encryption.public,
      countersignature: subject.signing.countersign(subject.user),
      permissions,
      displayName,
    };
    return this.do({ kind: Kind.USER_CREATE, payload });
  }

  /** Opens a channel with these users, who read and write; its id. */
  async openChannel(name, users) {
    const key = randomBytes(32);
    const rights = Right.READ | Right.WRITE;
    const members = ascending(users.map((user) => ({ user, rights })));
    const genesis = encode(CHANNEL_GENESIS, { nonce: randomBytes(32), name, members, keyId: keyId(key) });
    const channel = channelId(this.user, genesis);
    const everybody = [...(await this.usersOf(users)), this.#self];
    const payload = { genesis, wraps: await wraps(key, channel, everybody) };
    await this.do({ kind: Kind.CHANNEL_OPEN, channel, payload });
    return channel;
  }

  get #self() {
    return { user: this.user, encryptionKey: this.identity.encryption.public };
  }

  /** Removes a member, and opens a further epoch for those who may still read. */
  async remove(channel, user) {
    const staying = (await this.readChannel(channel)).members.filter(
      (member) => member.rights & Right.READ && !equal(member.user, user) && !equal(member.user, this.user),
    );
    const key = randomBytes(32);
    const everybody = [...(await this.usersOf(staying.map((member) => member.user))), this.#self];
    const epoch = { keyId: keyId(key), wraps: await wraps(key, channel, everybody) };
    await this.do(
      { kind: Kind.CHANNEL_MEMBERS, channel, payload: { remove: [user] } },
      { kind: Kind.CHANNEL_EPOCH, channel, payload: { epoch } },
    );
    this.#epochs.delete(hex.encode(channel));
  }

  /** The keys of a channel's epochs that this user can open, by key id in base64; the current one last. */
  async #keys(channel, wanted) {
    const name = hex.encode(channel);
    const known = this.#epochs.get(name);
    if (known && (wanted === undefined || known.has(wanted))) return known;
    const keys = new Map();
    for (const [id, sealed] of (await this.readChannel(channel)).epochs) {
      keys.set(id, await this.#open(sealed, channel, bytesOf(id)));
    }
    this.#epochs.set(name, keys);
    return keys;
  }

  async #open(sealed, channel, id) {
    for (const one of sealed) {
      for (const opener of [this.identity.encryption, ...this.identity.former]) {
        try {
          return await unwrap(one, opener, channel, this.user, id);
        } catch (error) {
          if (!(error instanceof Refused)) throw error;
        }
      }
    }
    return undefined;
  }

  /** Says texts under the current epoch, in one batch. */
  async say(channel, ...texts) {
    const key = [...(await this.#keys(channel)).values()].at(-1);
    must(key, "no_key", "no wrap of the epoch opens");
    const draft = (said) => ({
      kind: Kind.CHANNEL_MESSAGE,
      channel,
      keyId: keyId(key),
      payload: (header) => {
        const nonce = randomBytes(NONCE_BYTES);
        return { nonce, ciphertext: sealContent(key, channel, header, utf8(said), nonce) };
      },
    });
    return this.do(...texts.map(draft));
  }

  /** What a message says. */
  async #text(channel, made) {
    const id = base64.encode(made.header.keyId);
    const key = (await this.#keys(channel, id)).get(id);
    must(key, "no_key", "no wrap of the epoch opens");
    return readText(openContent(made, key));
  }

  /** An operation of a channel as the node gives it: with every signature verified, and what it says if it is a message. */
  async #given(channel, bytes) {
    const operation = verified(bytes);
    must(equal(operation.header.channel, channel), "other_channel");
    const isMessage = operation.header.kind === Kind.CHANNEL_MESSAGE;
    const text = isMessage ? await this.#text(channel, operation) : undefined;
    return { operation, author: operation.header.issuer, timestamp: operation.timestamp, text };
  }

  /** Every accepted message, verified and opened, with its position. */
  async messages(channel, { limit = 0, backward = false } = {}) {
    const found = [];
    for await (const page of this.#pages("messages", { channel, limit, backward })) {
      for (const entry of page.messages ?? []) {
        const message = await this.#given(channel, bytesOf(entry.operation));
        found.push({ position: Number(entry.position ?? 0), ...message });
      }
    }
    return found;
  }

  /**
   * Calls `hear` with everything that happens in a channel, from a cursor on; does not end by itself. Who is cut off goes on
   * behind the last event that was heard. An event has `kind`, `cursor` and, where it carries an operation, what `messages`
   * gives but for the position.
   */
  follow(channel, hear, { cursor = NONE, fromNow = false } = {}) {
    let [at, isNew] = [cursor, fromNow];
    const ask = async () =>
      base64.encode(await asked(this.identity, this.info, { subscribe: { channel, cursor: at, fromNow: isNew } }));
    return this.link.follow(ask, async ({ events = [] }) => {
      for (const event of events) {
        const kind = event.kind.replace("EVENT_KIND_", "");
        const given = event.operation ? await this.#given(channel, bytesOf(event.operation)) : {};
        [at, isNew] = [bytesOf(event.cursor), false];
        hear({ kind, cursor: at, ...given });
      }
    });
  }
}
