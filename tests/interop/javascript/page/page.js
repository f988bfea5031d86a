/** A page to talk in: the client of `dmpc/` with the websocket of a browser. */

import { base64, compare, concat, equal, hex, u64 } from "../dmpc/bytes.js";
import { GrpcWeb } from "../dmpc/grpc_web.js";
import { toMs } from "../dmpc/hlc.js";
import { Identity } from "../dmpc/identity.js";
import { Name, write } from "../dmpc/ids.js";
import { Link } from "../dmpc/link.js";
import { Person } from "../dmpc/person.js";

const at = (id) => document.getElementById(id);
const NEWS = {
  OPENED: "the channel was opened",
  CLOSED: "the channel was closed",
  MEMBERS: "its members changed",
  EPOCH: "a new key was made",
};

/** An element of a class, with text and others in it. */
function element(tag, className, ...parts) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...parts);
  return made;
}

function show(id) {
  for (const part of ["enter", "channels", "room"]) at(part).hidden = part !== id;
}

/** What is shown of a channel, in the order of everything, in whatever order it was heard. */
class Conversation {
  #person;
  #channel;
  #names = new Map();
  #live = false;

  constructor(person, channel) {
    this.#person = person;
    this.#channel = channel;
  }

  async begin() {
    await this.#readPeople();
    show("room");
    const link = this.#person.link;
    link.onchange = (isThere) => this.#say(isThere ? "catching up" : "cut off, connecting again", false);
    this.#say("catching up", false);
    at("say").addEventListener("submit", (submitted) => {
      submitted.preventDefault();
      this.#speak();
    });
    at("check").addEventListener("click", () => this.#check().catch(fail));
    await this.#person.follow(this.#channel, (event) => this.#hear(event));
  }

  async #readPeople() {
    const { about, members } = await this.#person.readChannel(this.#channel);
    for (const { user, name } of members) this.#names.set(hex.encode(user), name);
    at("name").textContent = about.name || "a channel";
    at("people").textContent = members.map(({ user }) => this.#nameOf(user)).join(", ");
    document.title = `${at("name").textContent} – DMPC`;
  }

  /** What its members call somebody; else how the id begins. */
  #nameOf(user) {
    return this.#names.get(hex.encode(user)) || `${write(Name.USER, user).slice(0, 12)}…`;
  }

  #say(state, isLive) {
    const output = at("state");
    output.textContent = state;
    output.toggleAttribute("data-live", isLive);
    output.dataset.cuts = this.#person.link.cuts;
    this.#live = isLive;
  }

  #hear(event) {
    if (event.kind === "CAUGHT_UP") this.#say("live", true);
    else if (event.kind === "MESSAGE") this.#place(event);
    else if (NEWS[event.kind]) this.#news(event);
    if (event.kind === "MEMBERS") this.#readPeople();
  }

  #news({ kind, operation }) {
    this.#insert(element("li", "news", NEWS[kind]), operation);
  }

  #place({ operation, author, timestamp, text }) {
    const when = element("time", "", new Date(toMs(timestamp)).toTimeString().slice(0, 5));
    const name = element("b", "author", this.#nameOf(author));
    const isOwn = equal(author, this.#person.user);
    const item = element("li", isOwn ? "message own" : "message", name, when, element("span", "text", text));
    item.dataset.author = hex.encode(author);
    this.#insert(item, operation);
  }

  /** Puts something where it belongs: before the first that comes after it. */
  #insert(item, { id, timestamp }) {
    const list = at("messages");
    const key = hex.encode(concat(u64(timestamp), id));
    item.dataset.key = key;
    let before = null;
    for (let other = list.lastElementChild; other && other.dataset.key > key; other = other.previousElementSibling) {
      before = other;
    }
    list.insertBefore(item, before);
    for (const one of [item, before]) {
      one?.classList.toggle("same", one.dataset.author === one.previousElementSibling?.dataset.author);
    }
    list.scrollTop = list.scrollHeight;
  }

  async #speak() {
    const input = at("text");
    const text = input.value.trim();
    if (!text) return;
    input.value = "";
    try {
      await this.#person.say(this.#channel, text);
    } catch (error) {
      this.#say(error.message, this.#live);
      input.value = text;
    }
  }

  /** Reads everything by pages, over gRPC-web if there is an address for it, and compares it with what is shown. */
  async #check() {
    const { identity } = this.#person;
    const grpc = at("grpc").value;
    const reader = grpc ? await Person.at(identity, new GrpcWeb(grpc)) : this.#person;
    const read = await reader.messages(this.#channel, { limit: 100 });
    const shown = [...document.querySelectorAll("#messages .message")];
    const isSame =
      read.length === shown.length &&
      read.every(({ operation, text }, place) => {
        const item = shown[place];
        return item.dataset.key === hex.encode(operation.key) && item.querySelector(".text").textContent === text;
      });
    const verdict = isSame ? "complete and in order" : "not what the node has";
    at("check").textContent = `${read.length} messages${grpc ? " over gRPC-web" : ""}, ${verdict}`;
  }
}

async function enter() {
  const identity = Identity.fromText(await at("identity").files[0].text());
  const link = new Link(`ws://${at("node").value}/`, (url, subprotocol) => new WebSocket(url, subprotocol));
  link.onchange = (isThere) => {
    at("problem").textContent = isThere ? "" : "no connection to the node; trying again";
  };
  const person = await Person.at(identity, link);
  const { channels = [] } = await person.ask({ channels: {} });
  show("channels");
  at("channels").replaceChildren(element("h1", "", channels.length ? "Channels" : "No channels yet"));
  for (const { id, name } of channels.sort((one, other) => compare(base64.decode(one.id), base64.decode(other.id)))) {
    const button = element("button", "channel", name || "a channel");
    button.addEventListener("click", () => {
      new Conversation(person, base64.decode(id)).begin().catch(fail);
    });
    at("channels").append(button);
  }
}

function fail(error) {
  if (at("room").hidden) show("enter");
  const problem = at("room").hidden ? at("problem") : at("state");
  problem.textContent = error.message;
  at("state").removeAttribute("data-live");
}

for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
  if (name === "node" || name === "grpc") at(name).value = value;
}
at("enter").addEventListener("submit", (submitted) => {
  submitted.preventDefault();
  enter().catch(fail);
});
