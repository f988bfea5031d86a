/** The project's vectors. */

import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { CHECKS } from "../vectors/checks.js";

const FORMAT = "dmpc vectors 1";
const NO_CASES = "sealed.json";

const files = (folder) =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return files(path);
    return entry.name.endsWith(".json") ? [path] : [];
  });

/** Checks every case of every file, but those of checks that are not here. Needs folder. */
export async function vectors({ folder }) {
  const [checked, notHere, faults] = [{}, {}, []];
  for (const path of files(folder).filter((file) => relative(folder, file) !== NO_CASES)) {
    const { format, check, cases } = JSON.parse(readFileSync(path, "utf8"));
    if (format !== FORMAT) throw new Error(`${path}: ${format}`);
    const counts = CHECKS[check] ? checked : notHere;
    counts[check] = (counts[check] ?? 0) + cases.length;
    if (!CHECKS[check]) continue;
    for (const one of cases) {
      try {
        await CHECKS[check](one);
      } catch (error) {
        faults.push(`${relative(folder, path)}: ${one.name}: ${error.message}`);
      }
    }
  }
  return { checked, not_here: notHere, faults };
}
