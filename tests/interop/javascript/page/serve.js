/** `serve.js [PORT]`: serves the page on 127.0.0.1, and prints its address. A port of 0, or none, lets the system choose. */

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { dirname, extname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";

const TYPES = { ".css": "text/css", ".html": "text/html", ".js": "text/javascript" };
const HERE = dirname(fileURLToPath(import.meta.url));
// The folder of the client, as `run` shows it; the packages are in a folder above.
const CLIENT = dirname(HERE);
const PACKAGES = join(CLIENT, "..", "..", "..", "node_modules");
const INLINE = /<script type="importmap">(.*?)<\/script>/s;

/** There are keys in this page: it runs nothing but our files, and talks to nobody but nodes. */
function policy(body) {
  const [, inline = ""] = INLINE.exec(body) ?? [];
  const hash = createHash("sha256").update(inline).digest("base64");
  return `default-src 'self'; connect-src ws: wss: http: https:; img-src data:; script-src 'self' 'sha256-${hash}'`;
}

/** The file behind a path of an address, if it is one of ours. */
function fileOf(path) {
  for (const [prefix, root] of [
    ["/client/", CLIENT],
    ["/node_modules/", PACKAGES],
  ]) {
    const file = join(root, path.slice(prefix.length));
    if (path.startsWith(prefix) && file.startsWith(root + sep) && TYPES[extname(file)]) return file;
  }
  return undefined;
}

async function answer(request, response) {
  const { pathname } = new URL(request.url, "http://page");
  if (pathname === "/") return response.writeHead(302, { location: "/client/page/index.html" }).end();
  const file = fileOf(decodeURIComponent(pathname));
  const body = file && (await readFile(file).catch(() => undefined));
  if (!body) return response.writeHead(404).end();
  const headers = { "content-type": TYPES[extname(file)], "content-security-policy": policy(body.toString()) };
  return response.writeHead(200, headers).end(body);
}

const server = createServer((request, response) => {
  answer(request, response).catch(() => response.writeHead(400).end());
});
server.listen(Number(process.argv[2] ?? 0), "127.0.0.1", () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}/\n`);
});
