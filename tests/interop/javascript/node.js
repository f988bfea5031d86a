/** What Node has and a browser has not: the websocket of `ws`, and files. */

import { readFileSync, writeFileSync } from "node:fs";
import WebSocket from "ws";
import { FRAME_BYTES_MAX } from "./dmpc/connection.js";
import { Identity } from "./dmpc/identity.js";
import { Link } from "./dmpc/link.js";
import { Person } from "./dmpc/person.js";

/** A websocket of `ws`. */
export const open = (url, subprotocol) =>
  new WebSocket(url, subprotocol, { perMessageDeflate: false, maxPayload: FRAME_BYTES_MAX });

/** A way to the node whose websocket listens at this address, such as `127.0.0.1:64927`. */
export const linkTo = (address) => new Link(`ws://${address}/`, open);

export const loadIdentity = (file) => Identity.fromText(readFileSync(file, "utf8"));

/** Writes a new file that nobody else may read. */
export const saveIdentity = (file, identity) => writeFileSync(file, identity.toText(), { mode: 0o600, flag: "wx" });

/** Somebody at a node, by the file of the identity. */
export const personAt = (address, file) => Person.at(loadIdentity(file), linkTo(address));
