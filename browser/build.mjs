/** Builds what is told, from this folder: `page [ROOT]` into the files of a release, `lines FILE` for tests. */

import { createHash } from "node:crypto";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { build } from "esbuild";

const common = {
  absWorkingDir: import.meta.dirname ?? new URL(".", import.meta.url).pathname,
  bundle: true,
  charset: "utf8",
  legalComments: "none",
  loader: { ".txt": "text" },
  logLevel: "warning",
};
const [what, outfile] = process.argv.slice(2);

if (what === "lines") {
  await build({
    ...common, entryPoints: ["tests/lines.ts"], format: "esm", keepNames: true, platform: "node", target: "node18", outfile,
  });
}
if (what === "page") {
  // The root of a checkout, this one or the one that is told: what a release brings with it.
  const root = resolve(outfile ?? "..");
  const script = join(root, "dropbox/gateway/static/browser.js");
  await build({
    ...common,
    entryPoints: ["src/main.ts"],
    format: "iife",
    minify: true,
    outfile: script,
    platform: "browser",
    target: ["firefox128", "chrome137"], // the first with all of WebCrypto that is needed; older ones fall back
  });
  copyFileSync("words/others.txt", join(root, "dropbox/gateway/static/words.txt"));
  const hash = createHash("sha256").update(readFileSync(script)).digest("hex");
  writeFileSync(join(root, "dropbox/bureau/browser_bundle.txt"), `${hash}\n`);
}
