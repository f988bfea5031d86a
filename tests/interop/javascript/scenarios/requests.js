/** A list of requests, and what a front end says to each. */

import { readFileSync } from "node:fs";
import { BATCH_ITEMS_MAX, Connection } from "../dmpc/connection.js";
import { GrpcWeb } from "../dmpc/grpc_web.js";
import { Refused } from "../dmpc/refused.js";
import { open } from "../node.js";

const connect = (address) => Connection.connect(`ws://${address}/`, open);
const word = (name, prefix) => name.slice(prefix.length).toLowerCase();

/** State and reason of a transaction's end, and outcome and reason of each operation. */
function ticket({ state, error, outcomes = [] }) {
  const said = outcomes.map(({ kind, reason = "" }) => `${word(kind, "OUTCOME_KIND_")} ${reason}`.trimEnd());
  const head = `${word(state, "TICKET_STATE_")} ${error?.reason ?? ""}`.trimEnd();
  return `${head}: ${said.join(", ")}`.trimEnd();
}

async function first(events) {
  for await (const batch of events) return batch;
}

async function said(connection, call, transaction) {
  try {
    if (call === "submit") return [ticket((await connection.submit([transaction]))[0].at(-1)), ""];
    if (call !== "subscribe") await connection.read(call, transaction);
    else await first(connection.subscribe(transaction));
    return ["given", ""];
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return [`refused ${error.reason}`, error.code];
  }
}

/** What is said to each of a list, by its name: an answer in words, and the code. Needs file, and ws or grpc_web. */
export async function requests({ ws, grpc_web: grpcWeb, file }) {
  const connection = grpcWeb ? new GrpcWeb(grpcWeb) : await connect(ws);
  const found = {};
  for (const { name, call, transaction } of JSON.parse(readFileSync(file, "utf8"))) {
    found[name] = await said(connection, call, transaction);
  }
  connection.close();
  return found;
}

/** Why a connection ends over which a batch with too many items is sent. */
export async function largeBatch({ ws }) {
  const items = Array(BATCH_ITEMS_MAX + 1).fill("AA==");
  const ended = await (await connect(ws)).submit(items).catch((error) => error);
  return [ended.reason, ended.code];
}
