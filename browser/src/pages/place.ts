/** What a page that can seal has: its texts, the key that it trusts, and the word lists. */

import { fromBase64, fromHex, toHex } from "../protocol/bytes.ts";
import { RootPublicKey } from "../protocol/keys.ts";
import type { WordList } from "../protocol/receipt.ts";
import type { Pinned } from "../reporter/exchange.ts";
import { ENGLISH, otherLists } from "../words.ts";
import { Texts } from "./texts.ts";

export interface Place {
  readonly form: HTMLFormElement;
  readonly texts: Texts;
  readonly pinned: Pinned;
  readonly lists: readonly WordList[];
}

/** Unix seconds of this device. */
export const now = (): number => Math.floor(Date.now() / 1000);

/** Fetches what the page names, always all of it: no request tells what somebody types. */
export async function arrive(form: HTMLFormElement, integrity: string): Promise<Place> {
  const { texts, words, root } = form.dataset;
  const bundle = toHex(fromBase64(integrity.replace("sha256-", ""), 32));
  const [said, lists] = await Promise.all([Texts.fetch(texts!), fetchLists(words!)]);
  return { form, texts: said, pinned: { root: await RootPublicKey.of(fromHex(root, 32)), bundle }, lists };
}

async function fetchLists(address: string): Promise<readonly WordList[]> {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error("the word lists did not come");
  return [ENGLISH, ...otherLists(await answer.text())];
}
