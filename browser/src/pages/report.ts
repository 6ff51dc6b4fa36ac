/** The report page, sealed in the browser: new words made here, and a form that never leaves unsealed. */

import { BadReceipt } from "../protocol/errors.ts";
import { parseReceipt, type Receipt } from "../protocol/receipt.ts";
import { Composer } from "./compose.ts";
import { byId, fillWords, valueOf } from "./dom.ts";
import type { Place } from "./place.ts";

/** What a mistyped receipt is told. */
export function receiptSentence(place: Place, { fault, found, position, suggestions }: BadReceipt): string {
  const name = suggestions.length ? "word_near" : fault;
  return place.texts.say(`receipt_${name}`, { found, position, suggestions: suggestions.join(", ") });
}

export function report(place: Place, fresh: Receipt): void {
  const { form } = place;
  for (const name of ["receipt", "message"]) form.querySelector(`input[name="${name}"]`)?.remove();
  fillWords(form, fresh.words(place.lists[0]!), fresh.digits());
  byId("sealing").textContent = place.texts.say("send_here");
  const own = (): string => valueOf(form, "own_receipt").trim();
  new Composer(place, form, {
    receipt: async () => (own() ? parseReceipt(own(), place.lists) : fresh),
    known: new Set(),
    first: () => !own(),
    empty: "empty_report",
    receiptProblem: (error) => (error instanceof BadReceipt ? ["own_receipt", receiptSentence(place, error)] : null),
  });
}
