/** `main.js NAME JSON`: runs a scenario and prints its result as one line of JSON. */

import * as browser from "./browser.js";
import * as conversations from "./conversations.js";
import * as listening from "./listening.js";
import * as requests from "./requests.js";
import * as vectors from "./vectors.js";

const { newcomer, openChannel, say, read, secondEpoch } = conversations;
const { listen, removed, throughCuts } = listening;
const SCENARIOS = {
  cut_off: throughCuts,
  foreign_page: browser.foreignPage,
  large_batch: requests.largeBatch,
  listen,
  newcomer,
  open_channel: openChannel,
  page: browser.page,
  read,
  removed,
  requests: requests.requests,
  say,
  second_epoch: secondEpoch,
  ...vectors,
};

const [name, text = "{}"] = process.argv.slice(2);
if (!SCENARIOS[name]) {
  process.stderr.write(`usage: main.js NAME [JSON]\nnames: ${Object.keys(SCENARIOS).join(", ")}\n`);
  process.exit(2);
}
const result = await SCENARIOS[name](JSON.parse(text));
process.stdout.write(`${JSON.stringify(result)}\n`);
