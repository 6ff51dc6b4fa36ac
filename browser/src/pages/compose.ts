/** A form that is sealed here: checks it, sends it, and says what came of it. For first messages and later ones. */

import type { Bytes } from "../protocol/bytes.ts";
import { writtenSize } from "../protocol/documents.ts";
import { cleanText, FIELD_LIMIT, type Message, TEXT_LIMIT } from "../protocol/payload.ts";
import * as primitives from "../protocol/primitives.ts";
import type { Receipt } from "../protocol/receipt.ts";
import * as exchange from "../reporter/exchange.ts";
import { TransportFailed } from "../reporter/errors.ts";
import { Ahead } from "./ahead.ts";
import { byId, clearProblems, fillWords, showProblems, valueOf } from "./dom.ts";
import { sendingFault } from "./faults.ts";
import { BadFile, Files } from "./files.ts";
import { network } from "./network.ts";
import { now, type Place } from "./place.ts";
import { Progress, Stopped } from "./progress.ts";
import { sizeWords } from "./texts.ts";

type Problem = readonly [field: string, sentence: string];

/** What a form belongs to. */
export interface Dialogue {
  readonly receipt: () => Promise<Receipt>;
  readonly known: ReadonlySet<string>;
  readonly first: () => boolean;
  readonly empty: "empty_report" | "empty_answer";
  readonly receiptProblem: (error: unknown) => Problem | null;
}

export class Composer {
  private readonly files: Files;
  private readonly messageId: Bytes = primitives.random(16); // of the form: sent twice it is one message
  private readonly ahead = new Ahead();
  private busy = false;

  constructor(private readonly place: Place, private readonly form: HTMLFormElement, private readonly about: Dialogue) {
    this.files = new Files(form, place.texts);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.send();
    });
  }

  private message(): Message {
    const value = (name: string): string => valueOf(this.form, name);
    const answers = [1, 2, 3, 4].map((place) => value(`answer-${place}`)).filter(Boolean);
    return {
      text: cleanText(value("text")),
      category: value("category"),
      ongoing: value("ongoing"),
      keepFrom: cleanText(value("keep_from")),
      language: this.place.texts.language,
      answers: answers.map((answer) => [answer.slice(0, 16), answer.slice(17)] as const),
    };
  }

  private problems(message: Message): Problem[] {
    const { texts } = this.place;
    const found: Problem[] = [];
    const over = writtenSize(message.text) - TEXT_LIMIT;
    if (over > 0) found.push(["text", texts.say("text_long", { over, limit: TEXT_LIMIT })]);
    else if (!message.text && !message.answers.length && !this.files.chosen.length) {
      found.push(["text", texts.say(this.about.empty)]);
    }
    const fieldOver = writtenSize(message.keepFrom) - FIELD_LIMIT;
    if (fieldOver > 0) found.push(["keep_from", texts.say("field_long", { over: fieldOver })]);
    if (this.files.fault) found.push(["files", texts.say(this.files.fault)]);
    return found;
  }

  private show(problems: readonly Problem[]): void {
    showProblems(this.form, this.place.texts.say("put_right"), problems);
  }

  private async send(): Promise<void> {
    if (this.busy) return;
    this.busy = true; // from here on: a second press while a typed receipt is read would be a second envelope
    clearProblems();
    const message = this.message();
    const problems = this.problems(message);
    let receipt: Receipt | null = null;
    try {
      receipt = await this.about.receipt();
    } catch (error) {
      problems.push(this.about.receiptProblem(error) ?? ["form", this.place.texts.say("failed")]);
    }
    if (problems.length || !receipt) {
      this.busy = false;
      return this.show(problems);
    }
    this.lock(true);
    const progress = new Progress(this.place.texts, this.files.size);
    this.form.querySelector('button[type="submit"]')!.closest("p")!.after(progress.panel);
    try {
      const size = await this.seal(receipt, message, progress);
      this.lock(false);
      this.showSent(receipt, message, size);
    } catch (error) {
      this.lock(false);
      this.ahead.prepare();
      progress.panel.remove();
      this.show([["form", this.sentence(error)]]);
    }
  }

  /** While it goes on nothing can be changed, and leaving the page asks first; "New circuit" reloads it, so it asks. */
  private lock(busy: boolean): void {
    this.busy = busy;
    if (busy) window.addEventListener("beforeunload", stay);
    else window.removeEventListener("beforeunload", stay);
    for (const field of this.form.querySelectorAll<HTMLInputElement>("input,textarea,select,button[type=submit]")) {
      field.disabled = busy;
    }
  }

  private async seal(receipt: Receipt, message: Message, progress: Progress): Promise<number> {
    const bulletin = await exchange.fetchBulletin(network, this.place.pinned, now());
    const outgoing = { receipt, messageId: this.messageId, known: this.about.known };
    const sending = await exchange.Sending.begin(network, bulletin, outgoing, message, progress, this.ahead.take());
    try {
      for await (const [name, content] of this.files.contents()) await this.sealFile(sending, name, content);
      return await sending.finish();
    } catch (error) {
      if (!(error instanceof TransportFailed)) await this.takeBack(sending, error);
      throw error;
    }
  }

  private async sealFile(sending: exchange.Sending, name: string, content: Blob): Promise<void> {
    try {
      await sending.file(name, content);
    } catch (error) {
      // What a browser raises for a file that was moved or changed since it was chosen.
      throw error instanceof DOMException ? new BadFile("unreadable", name) : error;
    }
  }

  private async takeBack(sending: exchange.Sending, why: unknown): Promise<void> {
    try {
      await sending.cancel();
    } catch (error) {
      if (why instanceof Stopped) throw new NotTold();
      if (!(error instanceof TransportFailed)) throw error;
    }
  }

  private sentence(error: unknown): string {
    const { texts } = this.place;
    if (error instanceof Stopped) return texts.say("cancelled");
    if (error instanceof NotTold) return texts.say("cancelled_unsure");
    if (error instanceof BadFile) return texts.say(error.fault, { name: error.file });
    return texts.say(sendingFault(error), { day: texts.day(Math.floor(now() / 86_400)) });
  }

  private showSent(receipt: Receipt, message: Message, size: number): void {
    const { texts, lists } = this.place;
    const part = texts.part("sent");
    const slot = (name: string): Element => part.querySelector(`[data-slot="${name}"]`)!;
    const files = this.files.chosen.length;
    const first = this.about.first();
    const came = [
      message.text && files ? texts.count("came_both", files)
      : message.text ? texts.say("came_text")
      : files ? texts.count("came_files", files) : "",
      message.answers.length ? texts.say("came_answers") : "",
      texts.say("only_bureau"),
    ];
    slot("came").textContent = came.filter(Boolean).join(" ");
    slot("packet").textContent = texts.say("packet", { size: sizeWords(size) });
    slot(first ? "later" : "first").remove();
    fillWords(part, receipt.words(lists[0]!), receipt.digits());
    showPage(texts.say(first ? "sent_first" : "sent_later"), part);
  }
}

/** It was stopped, and the host could not be told. */
class NotTold extends Error {}

function stay(event: BeforeUnloadEvent): void {
  event.preventDefault();
  event.returnValue = true;
}

/** Puts a new page in place of this one, as if the server had answered: title, heading, content, and the eye on top. */
export function showPage(title: string, ...content: readonly Node[]): void {
  const main = byId("main");
  const heading = document.createElement("h1");
  heading.textContent = title;
  heading.tabIndex = -1;
  document.title = document.title.replace(/^.*(?= – )/s, () => title);
  document.querySelector(".languages")?.remove(); // it would lead away from words that are shown once
  main.replaceChildren(heading, ...content);
  window.scrollTo(0, 0);
  heading.focus();
}
