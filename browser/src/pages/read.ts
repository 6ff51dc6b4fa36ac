/** The reading page, opened in the browser: the words stay here, and everybody asks the host for the same. */

import { BadReceipt } from "../protocol/errors.ts";
import { parseReceipt, type Receipt } from "../protocol/receipt.ts";
import type { Note, ReceivedNote } from "../protocol/reply.ts";
import * as exchange from "../reporter/exchange.ts";
import { VisitError } from "../reporter/errors.ts";
import * as session from "../reporter/session.ts";
import { Composer, showPage } from "./compose.ts";
import { byId, clearProblems, make, showProblems, valueOf } from "./dom.ts";
import { readingFault } from "./faults.ts";
import { network } from "./network.ts";
import { now, type Place } from "./place.ts";
import { receiptSentence } from "./report.ts";
import { isLeft, offer } from "./resume.ts";
import type { Texts } from "./texts.ts";

const MAX_QUESTIONS = 4;

export function read(place: Place): void {
  const { form, texts } = place;
  byId("sealing").textContent = texts.say("opened");
  if (isLeft()) offer(place, form);
  const button = form.querySelector<HTMLButtonElement>("button[type=submit]")!;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true; // boards take a while over Tor
    clearProblems();
    void open(place, valueOf(form, "receipt"))
      .catch((error: unknown) => {
        const day = texts.day(Math.floor(now() / 86_400));
        const told = error instanceof BadReceipt ? receiptSentence(place, error) : texts.say(readingFault(error), { day });
        showProblems(form, texts.say("problem"), [["receipt", told]]);
      })
      .finally(() => (button.disabled = false));
  });
}

async function open(place: Place, typed: string): Promise<void> {
  const receipt = await parseReceipt(typed, place.lists);
  const time = now();
  const bulletin = await exchange.fetchBulletin(network, place.pinned, time);
  const boards = await exchange.fetchBoards(network, bulletin, time);
  await fetchPublication();
  showDialogue(place, receipt, await exchange.readDialogue(receipt, bulletin, boards, time));
}

/** Asked for because every reading visit asks for it; one that cannot be had hides no answers. */
async function fetchPublication(): Promise<void> {
  try {
    await network(session.PUBLICATION);
  } catch (error) {
    if (!(error instanceof VisitError)) throw error;
  }
}

function showDialogue(place: Place, receipt: Receipt, boxes: readonly exchange.Mailbox[]): void {
  const { texts } = place;
  const notes = boxes.flatMap((box) => box.notes).sort((left, right) => left.day - right.day || left.number - right.number);
  const unread = boxes.reduce((sum, box) => sum + box.unread, 0);
  const day = texts.day(Math.min(...boxes.map((box) => box.issuedDay)));
  const issued = texts.say("issued", { day, time: texts.time(Math.min(...boxes.map((box) => box.nextDue))) });
  const empty = !notes.length && !unread;
  const content: Node[] = [];
  if (empty) {
    const lines = [issued, texts.say("short_while"), texts.say("check_words")];
    content.push(make("ul", {}, ...lines.map((line) => make("li", { textContent: line }))));
  } else {
    content.push(...said(texts, notes));
    if (unread) content.push(make("p", { className: "card", textContent: texts.count("unread", unread) }));
    content.push(make("p", { className: "hint", textContent: issued }));
  }
  if (boxes.some((box) => box.late)) {
    content.push(make("p", { className: "card alarm", textContent: texts.say("late", { day }) }));
  }
  content.push(make("h2", { textContent: texts.say(empty ? "add" : "answer_or_add") }));
  const part = texts.part("answer");
  const form = part.querySelector("form")!;
  const asked = notes.map((one) => one.note).filter((note) => note.kind === "question").slice(-MAX_QUESTIONS);
  part.querySelector('[data-slot="questions"]')!.append(...asked.map(question));
  form.id = "form";
  showPage(texts.say(empty ? "nothing_yet" : "your_answers"), ...content, part);
  new Composer(place, form, {
    receipt: async () => receipt,
    known: exchange.knownTo(boxes),
    first: () => false,
    empty: "empty_answer",
    receiptProblem: () => null,
  });
}

/** Everything that the bureau said, oldest first, and how much it has opened. */
function said(texts: Texts, notes: readonly ReceivedNote[]): Node[] {
  const content: Node[] = [];
  const seen = notes.map((one) => one.note).filter((note) => note.kind === "acknowledgement");
  const most = (pick: (note: (typeof seen)[number]) => number): number => Math.max(0, ...seen.map(pick));
  const [messages, files] = [most((note) => note.messages), most((note) => note.files)];
  if (messages) {
    const opened = texts.count("opened", messages, { day: texts.day(most((note) => note.day)) });
    const text = files ? `${opened} ${texts.count("with", files)}` : opened;
    content.push(make("p", { className: "note", textContent: text }));
  }
  const entries = notes.filter((one) => one.note.kind !== "acknowledgement").map((one) => entry(texts, one));
  content.push(
    entries.length
      ? make("ol", { className: "talk" }, ...entries)
      : make("p", { textContent: texts.say("no_message") }),
  );
  return content;
}

function entry(texts: Texts, { day, note }: ReceivedNote): HTMLElement {
  const heading = make("h2", { textContent: texts.say(note.kind) });
  const item = make("li", {}, heading, make("p", { className: "hint", textContent: texts.day(day) }));
  if (note.kind === "status") item.append(make("p", { textContent: texts.say(`status_${note.status}`) }));
  if (note.kind !== "acknowledgement" && note.text) {
    item.append(make("p", { className: "said", dir: "auto", textContent: note.text }));
  }
  return item;
}

/** A question with fixed answers, as a field of the answer form. */
function question(note: Note & { readonly kind: "question" }, place: number): HTMLElement {
  const name = `answer-${place + 1}`;
  const choices = note.answers.map((answer, at) => {
    const id = at ? `${name}-${at}` : name;
    const input = make("input", { type: "radio", id, name, value: `${note.id} ${answer}` });
    return make("div", { className: "choice" }, input, " ", make("label", { htmlFor: id, textContent: answer }));
  });
  return make("fieldset", { className: "field" }, make("legend", { textContent: note.text }), ...choices);
}
