/**
 * What a sending leaves for the page that comes after a reload (docs/decisions/0089-an-upload-outlives-a-reload.md): in
 * the name of the tab, which is not written to a disk, sealed under the receipt, which only the reporter has.
 */

import { type Bytes, concat, fromBase64, toBase64, toHex, utf8 } from "../protocol/bytes.ts";
import type { Message } from "../protocol/payload.ts";
import * as primitives from "../protocol/primitives.ts";
import type { ReporterKeys } from "../protocol/thread.ts";
import type { Kept } from "../reporter/exchange.ts";
import { make, showProblems } from "./dom.ts";
import { network } from "./network.ts";
import type { Place } from "./place.ts";

const SALT = 16;

/** Everything that a form sends, and how far that is. */
export interface Work {
  readonly first: boolean;
  readonly messageId: Bytes;
  readonly message: Message;
  readonly fields: readonly (readonly [name: string, value: unknown])[];
  readonly files: readonly (readonly [name: string, size: number])[];
  readonly strip: boolean;
  readonly kept?: Kept;
}

/**
 * Whether this browser takes a tab's name away when the tab goes to another site. Chromium lets the next site read it, and
 * give one, where an address was typed: there nothing is left. No feature tells it, only the family.
 */
export const KEEPS = CSS.supports("-moz-appearance:none");

/** Whether an earlier page left something in this tab. Anybody can name a tab: only the receipt tells whether it is ours. */
export const isLeft = (): boolean => KEEPS && /^[0-9a-f]{32} /.test(window.name);

export function forget(): void {
  window.name = "";
}

/** Each state is sealed under a key of its own. The upload's number, which the host knows, stands before it. */
export async function leave(keys: ReporterKeys, work: Work): Promise<void> {
  if (!KEEPS) return;
  const salt = primitives.random(SALT);
  const written = JSON.stringify(work, (_, value) => (value instanceof Uint8Array ? [...value] : value));
  const sealed = await primitives.sealOnce(await keys.resumeKey(salt), utf8(written));
  window.name = `${toHex(work.kept?.upload ?? salt)} ${toBase64(concat(salt, sealed))}`;
}

/** What was left, or null when it was not left under this receipt. */
export async function opened(keys: ReporterKeys): Promise<Work | null> {
  try {
    const sealed = fromBase64(window.name.slice(33));
    const written = await primitives.openOnce(await keys.resumeKey(sealed.slice(0, SALT)), sealed.subarray(SALT));
    return JSON.parse(new TextDecoder().decode(written), (_, value) =>
      Array.isArray(value) && typeof value[0] === "number" ? Uint8Array.from(value) : value);
  } catch {
    return null;
  }
}

/** Says on top of the page that something was left, with a button that takes it back without words. Gives the note. */
export function offer({ texts }: Place, form: HTMLFormElement, gone = (): void => {}): HTMLElement {
  const button = make("button", { type: "button", className: "danger", textContent: texts.say("cancel") });
  const note = make("div", { className: "note" }, make("p", { textContent: texts.say("left") }), make("p", {}, button));
  button.onclick = async () => {
    button.disabled = true;
    const path = `/v1/uploads/${window.name.slice(0, 32)}`;
    const answer = await network({ method: "DELETE", path }).catch(() => null);
    forget();
    note.remove();
    gone();
    showProblems(form, texts.say("problem"), [["form", texts.say(answer?.status === 200 ? "left_gone" : "left_unsure")]]);
  };
  document.querySelector("h1")!.after(note);
  return note;
}
