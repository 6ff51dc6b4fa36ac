/** Builds what is told: `page` into the gateway's static files, `lines FILE` and `bench FILE` for tests. */

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
  await build({ ...common, entryPoints: ["tests/lines.ts"], format: "esm", platform: "node", target: "node18", outfile });
}
