/** The page in a real browser: headless Chromium, driven as a person would use it. */

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

/** Where Debian and Ubuntu have it; `DMPC_CHROMIUM` names another. */
const CHROMIUM = process.env.DMPC_CHROMIUM ?? "/usr/bin/chromium";
const PATIENCE_MS = 30_000;
const WINDOW = { width: 900, height: 1_000 };
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Names of pages that lead to this machine, and no name that leads elsewhere.
  "--host-resolver-rules=MAP *.example 127.0.0.1, EXCLUDE 127.0.0.1",
];

/** Opens the page of an origin in a fresh browser and does something with it. */
async function inBrowser({ origin, ws, grpc = "" }, action) {
  if (!existsSync(CHROMIUM)) throw new Error(`no ${CHROMIUM}: run make setup`);
  const profile = mkdtempSync(join(tmpdir(), "dmpc-chromium-"));
  // A page of the world comes with TLS; without, a browser keeps its cryptography to itself.
  const args = [...ARGUMENTS, `--unsafely-treat-insecure-origin-as-secure=${new URL(origin).origin}`];
  // What it keeps, it keeps in its profile.
  const env = { ...process.env, HOME: profile };
  const options = { executablePath: CHROMIUM, args, env, headless: true, viewport: WINDOW };
  const context = await chromium.launchPersistentContext(profile, options);
  try {
    context.setDefaultTimeout(PATIENCE_MS);
    const [page] = context.pages();
    const said = [];
    page.on("pageerror", (error) => said.push(`${error}`));
    page.on("console", (message) => said.push(message.text()));
    try {
      await page.goto(`${origin}client/page/index.html#node=${ws}&grpc=${grpc}`);
      return await action(page, said);
    } catch (error) {
      const shown = await page.textContent("body").catch(() => "");
      throw new Error([error.message, "the page said:", ...said, "and showed:", shown.replace(/\s+/g, " ")].join("\n"));
    }
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
}

async function enter(page, identity) {
  await page.setInputFiles("#identity", identity);
  await page.click("#enter button");
}

/**
 * Enters a channel, says texts one after the other, and waits until so many messages are there; then reads all again. Needs
 * origin, ws, grpc, identity, name (of the channel), texts, count, screenshot (a file).
 */
export const page = ({ identity, name, texts, count, screenshot, ...where }) =>
  inBrowser(where, async (opened) => {
    await enter(opened, identity);
    await opened.click(`#channels >> text=${name}`);
    const isLive = opened.locator("#state[data-live]");
    await isLive.waitFor();
    for (const text of texts) {
      await opened.fill("#text", text);
      await opened.press("#text", "Enter");
      await opened.locator("#messages .own", { hasText: text }).first().waitFor();
    }
    await opened
      .locator("#messages .message")
      .nth(count - 1)
      .waitFor();
    await isLive.waitFor();
    await opened.click("#check");
    await opened.locator("#check", { hasText: "messages" }).waitFor();
    await opened.screenshot({ path: screenshot });
    return opened.evaluate(() => ({
      texts: Array.from(document.querySelectorAll("#messages .text"), (one) => one.textContent),
      news: Array.from(document.querySelectorAll("#messages .news"), (one) => one.textContent),
      people: document.querySelector("#people").textContent,
      check: document.querySelector("#check").textContent,
      cuts: Number(document.querySelector("#state").dataset.cuts),
    }));
  });

/** A page of an origin that the node does not know gets no connection: what the browser says. Needs origin, ws, identity. */
export const foreignPage = ({ identity, ...where }) =>
  inBrowser(where, async (opened, said) => {
    await enter(opened, identity);
    const problem = await opened.locator("#problem", { hasText: "connection" }).textContent();
    return { problem, refused: said.some((line) => line.includes("Unexpected response code: 403")) };
  });
