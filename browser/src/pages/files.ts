/** The chosen files: what they usually carry, how large the packet will be, and whether to strip pictures. */

import { MAX_FILES } from "../protocol/payload.ts";
import * as sizes from "../protocol/sizes.ts";
import { make } from "./dom.ts";
import { kindOf, stripped } from "./metadata.ts";
import type { Work } from "./resume.ts";
import { sizeWords, type Texts } from "./texts.ts";

const OVERHEAD = 24 * sizes.KIB; // bytes of frames besides the files: at most the message, and 20 names, hashes and cuts

/** A picture that could not be stripped, or a file that cannot be read any more. */
export class BadFile extends Error {
  constructor(readonly fault: "not_stripped" | "unreadable", readonly file: string) {
    super();
  }
}

export class Files {
  private readonly inputs: readonly HTMLInputElement[];
  private readonly told = make("div", { id: "told" });
  readonly strip = make("input", { type: "checkbox", id: "strip", checked: true });
  private turn = 0;

  constructor(form: HTMLFormElement, private readonly texts: Texts) {
    this.inputs = [...form.querySelectorAll<HTMLInputElement>('input[type="file"]')];
    this.told.setAttribute("role", "status");
    this.inputs.at(-1)?.closest("fieldset")?.append(this.told);
    for (const input of this.inputs) input.addEventListener("change", () => void this.tell());
    if (this.chosen.length) void this.tell();
  }

  get chosen(): readonly File[] {
    return this.inputs.flatMap((input) => [...(input.files ?? [])]);
  }

  get bytes(): number {
    return this.chosen.reduce((sum, file) => sum + file.size, 0);
  }

  /** The name of the sentence that says why these cannot be sent, or "". */
  get fault(): string {
    if (this.chosen.length > MAX_FILES) return "too_many";
    return this.bytes + OVERHEAD > sizes.payloadPlaintext(sizes.ENVELOPE_MAX) ? "too_large" : "";
  }

  /** The envelope that they take: exact to the frames' heads, which are some bytes for each piece. */
  get size(): number {
    if (!this.chosen.length) return sizes.ENVELOPE_LADDER[0]!;
    const heads = this.chosen.reduce((sum, file) => sum + 400 + Math.ceil(file.size / 65_536) * 5, 12_000);
    return sizes.envelopeSize(Math.min(this.bytes + heads, sizes.payloadPlaintext(sizes.ENVELOPE_MAX)));
  }

  /** The chosen files in the order of these marks, or null when others are chosen. */
  marked(marks: Work["files"]): readonly File[] | null {
    const { chosen } = this;
    const found = marks.flatMap(([name, size]) => chosen.find((file) => file.name === name && file.size === size) ?? []);
    return found.length === marks.length && found.length === chosen.length ? found : null;
  }

  /** Gives each file's name and what will be sealed of it. */
  async *contents(files: readonly File[]): AsyncGenerator<readonly [string, Blob]> {
    for (const file of files) {
      let content: Blob | null;
      try {
        content = this.strip.checked ? await stripped(file) : file;
      } catch {
        throw new BadFile("unreadable", file.name);
      }
      if (!content) throw new BadFile("not_stripped", file.name);
      yield [file.name, content];
    }
  }

  /** Says what the chosen files usually carry; a later choice overtakes an earlier one that is still being read. */
  private async tell(): Promise<void> {
    const turn = ++this.turn;
    const { texts, chosen } = this;
    const lines: string[] = [];
    let pictures = false;
    for (const file of chosen) {
      const kind = await kindOf(file).catch(() => "other" as const);
      pictures ||= kind === "photo" || kind === "picture";
      if (kind !== "other") lines.push(texts.say(kind, { name: file.name }));
    }
    if (turn !== this.turn) return;
    this.told.replaceChildren();
    if (!chosen.length) return;
    if (lines.length) this.told.append(make("ul", {}, ...lines.map((line) => make("li", { textContent: line }))));
    if (pictures) this.told.append(this.offer());
    const size = this.fault ? texts.say(this.fault) : texts.say("size", { size: sizeWords(this.size) });
    this.told.append(make("p", { textContent: size, className: this.fault ? "problem" : "" }));
  }

  private offer(): HTMLElement {
    const label = make("label", { htmlFor: "strip", textContent: this.texts.say("strip") });
    const hint = make("p", { className: "hint", id: "strip-hint", textContent: this.texts.say("strip_hint") });
    this.strip.setAttribute("aria-describedby", "strip-hint");
    return make("div", { className: "field" }, make("div", { className: "choice" }, this.strip, label), hint);
  }
}
