/** A form that is sealed here: checks it, sends it, and says what came of it. For first messages and later ones. */

import { writtenSize } from "../protocol/documents.ts";
import { cleanText, FIELD_LIMIT, type Message, TEXT_LIMIT } from "../protocol/payload.ts";
import * as primitives from "../protocol/primitives.ts";
import type { Receipt } from "../protocol/receipt.ts";
import { ReporterKeys } from "../protocol/thread.ts";
import * as exchange from "../reporter/exchange.ts";
import { OutcomeUnknown, TransportFailed } from "../reporter/errors.ts";
import { Ahead } from "./ahead.ts";
import { byId, clearProblems, fillWords, make, showProblems, valueOf } from "./dom.ts";
import { sendingFault } from "./faults.ts";
import { BadFile, Files } from "./files.ts";
import { network } from "./network.ts";
import { now, type Place } from "./place.ts";
import { Progress, Stopped } from "./progress.ts";
import { forget, isLeft, leave, offer, opened, type Work } from "./resume.ts";
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

interface Order {
  readonly receipt: Receipt;
  readonly keys: ReporterKeys;
  readonly work: Work;
  readonly files: readonly File[];
}

export class Composer {
  private readonly files: Files;
  private readonly messageId = primitives.random(16); // of the form: sent twice it is one message
  private readonly ahead = new Ahead();
  private left = isLeft();
  private note: HTMLElement = make("div");
  private busy = false;

  constructor(private readonly place: Place, private readonly form: HTMLFormElement, private readonly about: Dialogue) {
    this.files = new Files(form, place.texts);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.send();
    });
    if (!this.left) return;
    this.note = offer(place, form, () => this.lock((this.left = false)));
    document.getElementById("own_receipt")?.closest("details")?.setAttribute("open", "");
    this.lock(false);
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
    showProblems(this.form, this.place.texts.say("problem"), problems);
  }

  private work(): Work {
    return {
      first: this.about.first(),
      messageId: this.messageId,
      message: this.message(),
      fields: [...new FormData(this.form)], // a file in it is written as {}
      files: this.files.chosen.map((file) => [file.name, file.size]),
      strip: this.files.strip.checked,
    };
  }

  /** What is to be sent, new or left by an earlier page; null, and what is to be put right, where it cannot be. */
  private async order(problems: Problem[]): Promise<Order | null> {
    const { texts, pinned } = this.place;
    let receipt: Receipt;
    try {
      receipt = await this.about.receipt();
    } catch (error) {
      problems.push(this.about.receiptProblem(error) ?? ["form", texts.say("failed")]);
      return null;
    }
    const keys = await ReporterKeys.derive(receipt, pinned.root.instance);
    if (!this.left) return { receipt, keys, work: this.work(), files: this.files.chosen };
    const work = await opened(keys);
    if (!work) problems.push(["own_receipt", texts.say("left_words")]);
    else {
      this.fill(work);
      const files = this.files.marked(work.files);
      if (files) return { receipt, keys, work, files };
      problems.push(["files", texts.say("left_files", { names: work.files.map(([name]) => name).join(", ") })]);
    }
    return null;
  }

  /** The form as it was sent. The words were just typed, and are those. */
  private fill(work: Work): void {
    for (const [name, value] of work.fields) {
      if (name !== "own_receipt") Object.assign(this.form.elements.namedItem(name) ?? {}, { value });
    }
    this.files.strip.checked = work.strip;
  }

  private async send(): Promise<void> {
    if (this.busy) return;
    this.busy = true; // from here on: a second press while a typed receipt is read would be a second envelope
    clearProblems();
    const problems = this.left ? [] : this.problems(this.message());
    const order = await this.order(problems);
    this.busy = false;
    if (problems.length || !order) return this.show(problems);
    this.lock(true);
    const { keys, work } = order;
    const progress = new Progress(this.place.texts, this.files.size, (kept) => leave(keys, { ...work, kept }));
    this.form.querySelector('button[type="submit"]')!.closest("p")!.after(progress.panel);
    try {
      const size = await this.seal(order, progress);
      this.end();
      this.lock(false);
      this.showSent(order, size);
    } catch (error) {
      this.lock(false);
      this.ahead.prepare();
      progress.panel.remove();
      this.show([["form", this.sentence(error)]]);
    }
  }

  /** Nothing can go on any more. */
  private end(): void {
    forget();
    this.left = false;
  }

  /**
   * While it goes on nothing can be changed, and leaving the page asks first; "New circuit" reloads it, so it asks. What
   * an earlier page left goes on as it is: words and files are needed again, nothing else can be written.
   */
  private lock(busy: boolean): void {
    this.busy = busy;
    const listen = busy ? addEventListener : removeEventListener;
    listen("beforeunload", stay);
    listen("pageshow", stay);
    this.note.hidden = busy || !this.left;
    for (const field of this.form.querySelectorAll<HTMLInputElement>("input,textarea,select,button[type=submit]")) {
      field.disabled = busy || (this.left && !field.matches("[type=file],[type=submit],#own_receipt"));
    }
  }

  private async seal({ receipt, keys, work, files }: Order, progress: Progress): Promise<number> {
    await leave(keys, work); // from here on a reload loses no text, also where there are no keys yet
    const bulletin = await exchange.fetchBulletin(network, this.place.pinned, now()).catch((error: unknown) => {
      throw work.kept && error instanceof TransportFailed ? new OutcomeUnknown() : error;
    });
    const { message, messageId } = work;
    const outgoing = { receipt, messageId, known: this.about.known };
    const sending = work.kept
      ? await exchange.Sending.again(network, work.kept, message, progress)
      : await exchange.Sending.begin(network, bulletin, outgoing, message, progress, this.ahead.take());
    try {
      for await (const [name, content] of this.files.contents(files)) await this.sealFile(sending, name, content);
      return await sending.finish();
    } catch (error) {
      if (!(error instanceof TransportFailed)) await this.takeBack(sending, error, work.kept);
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

  /** `kept`: an earlier page sent some of it, and perhaps all. */
  private async takeBack(sending: exchange.Sending, why: unknown, kept: unknown): Promise<void> {
    try {
      await sending.cancel();
    } catch (error) {
      if (why instanceof Stopped) throw new NotTold();
      if (!(error instanceof TransportFailed)) throw error;
      if (kept && why instanceof BadFile) throw new OutcomeUnknown(); // the host was not asked yet
    } finally {
      this.end();
    }
  }

  private sentence(error: unknown): string {
    const { texts } = this.place;
    if (error instanceof Stopped) return texts.say("cancelled");
    if (error instanceof NotTold) return texts.say("cancelled_unsure");
    if (error instanceof BadFile) return texts.say(error.fault, { name: error.file });
    return texts.say(sendingFault(error), { day: texts.day(Math.floor(now() / 86_400)) });
  }

  private showSent({ receipt, work: { first, message, files: { length: files } } }: Order, size: number): void {
    const { texts, lists } = this.place;
    const part = texts.part("sent");
    const slot = (name: string): Element => part.querySelector(`[data-slot="${name}"]`)!;
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

/** Asks before the page is left. One that a browser kept and shows again may not go on: another may have meanwhile. */
function stay(event: Event): void {
  if (event.type === "pageshow") return location.reload();
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
