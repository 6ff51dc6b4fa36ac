/** Begins where a page says that it can be sealed or opened here. Whatever fails before the reporter types leads back
 * to the form that the server seals, and says so.
 */

import { fingerprintWords, Receipt } from "./protocol/receipt.ts";
import { byId, make } from "./pages/dom.ts";
import { arrive, type Place } from "./pages/place.ts";
import { read } from "./pages/read.ts";
import { canSeal } from "./pages/ready.ts";
import { report } from "./pages/report.ts";
import { Texts } from "./pages/texts.ts";

/** Ends the time in which the page waits to know where it is sealed. */
function decided(): void {
  document.querySelectorAll(".undecided").forEach((one) => one.classList.remove("undecided"));
  document.querySelectorAll(".deciding,.missing").forEach((one) => one.remove());
}

/** The line on top: where it is sealed, what that means, and the fingerprint to compare. */
async function sayWhere(place: Place, headline: string, meaning: string): Promise<void> {
  const { texts } = place;
  const words = fingerprintWords(await place.pinned.root.fingerprint(), place.lists[0]!);
  const fingerprint = make(
    "details", {}, make("summary", { textContent: texts.say("fingerprint") }),
    make("p", { className: "digits notranslate", lang: "en", translate: false, textContent: words.join(" ") }),
  );
  const where = byId("where");
  const limits = where.querySelector("a") ?? ""; // what this does not protect from
  where.replaceChildren(
    make("p", {}, make("strong", { textContent: texts.say(headline) }), ` ${texts.say(meaning)} `, limits), fingerprint,
  );
}

/** The form as it came, and why. */
async function fallBack(form: HTMLFormElement, why: string): Promise<void> {
  decided();
  try {
    const texts = await Texts.fetch(form.dataset["texts"]!);
    byId("where").prepend(make("p", { textContent: texts.say(why) }));
  } catch {
    // The line that the page came with says where it is sealed; only the reason is missing.
  }
}

/** Whether words that came with the page are in sight: they may be on paper by now, and are never replaced then. */
const wordsInSight = (form: HTMLFormElement): boolean =>
  [...form.querySelectorAll(".undecided")].some((one) => getComputedStyle(one).visibility !== "hidden");

async function begin(integrity: string): Promise<void> {
  const form = document.querySelector<HTMLFormElement>("form[data-seals]");
  if (!form) return;
  let leaving = false; // the form went to the server before this was decided
  form.addEventListener("submit", () => (leaving = true));
  if (!(await canSeal())) return fallBack(form, "cannot_seal");
  let place: Place;
  try {
    place = await arrive(form, integrity);
  } catch {
    return fallBack(form, "cannot_start");
  }
  const fresh = await Receipt.generate();
  if (leaving || wordsInSight(form)) return fallBack(form, "cannot_start");
  if (form.dataset["seals"] === "report") {
    report(place, fresh);
    await sayWhere(place, "sealed_here", "sealed");
  } else {
    read(place);
    await sayWhere(place, "opened_here", "opened");
  }
  decided();
}

const script = document.currentScript;
if (script instanceof HTMLScriptElement) void begin(script.integrity);
