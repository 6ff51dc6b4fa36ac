/** Cards and publications (docs/protocol.md, sections 11 and 12), which no reporter's page reads; for tests only. */

import { type Bytes, concat, fromHex, isZero, same, toHex, utf8 } from "../src/protocol/bytes.ts";
import * as documents from "../src/protocol/documents.ts";
import { Malformed, OutsideDates, TooLong, WrongInstance, WrongSize } from "../src/protocol/errors.ts";
import * as primitives from "../src/protocol/primitives.ts";
import * as sizes from "../src/protocol/sizes.ts";
import type { XWingSecretKey } from "./opening.ts";

const label = (name: string): Bytes => utf8(`dropbox/v1/${name}\0`);

const CARD = 15_248;
const TEXTS: Readonly<Record<string, number>> = {
  region: 40, staff: 40, function: 40, category: 64, period: 40, summary: 2400, evidence: 200, ask: 1000, not_do: 1000,
  answer_by: 40,
};
const UNSURE = ["yes", "no", "unsure"];
const STATES = ["received", "investigating", "measure", "closed"];
const MEASURES = ["", "none", "conversation", "agreement", "disciplinary", "dismissal", "organisational", "other"];

export interface Expected {
  readonly kind: "referral" | "outcome";
  readonly instance: Bytes;
  readonly recipient: Bytes;
  readonly signers: readonly Bytes[];
}

export const cardInfo = async (instance: Bytes, box: Bytes): Promise<Bytes> =>
  concat(label("card/info"), instance, await primitives.sha256(box));

export const openCard = async (secret: XWingSecretKey, instance: Bytes, card: Bytes): Promise<Bytes> =>
  secret.open(await cardInfo(instance, secret.box), card);

export async function readCard(plaintext: Bytes, expected: Expected): Promise<documents.JsonObject> {
  if (plaintext.length !== CARD) throw new WrongSize();
  const mark = plaintext.lastIndexOf(0x80);
  if (mark < 0 || !isZero(plaintext.slice(mark + 1))) throw new Malformed();
  const document = documents.readDocument(plaintext.slice(0, mark), "card", CARD - 1);
  const signed = label(expected.kind === "referral" ? "sign/card" : "sign/outcome");
  const body = documents.fields(await document.verify(expected.signers, signed), [
    "content", "instance", "kind", "recipient", "version",
  ]);
  documents.integer(body["version"], 1, 1);
  const recipient = toHex(await primitives.sha256(expected.recipient));
  if (body["instance"] !== toHex(expected.instance) || body["recipient"] !== recipient) throw new WrongInstance();
  const kind = documents.choice(body["kind"], [expected.kind, "dummy"]);
  const content = documents.object(body["content"]);
  if (kind === "dummy") return { dummy: documents.fields(content, []) };
  return { [kind]: kind === "referral" ? referral(content) : outcome(content) };
}

function referral(content: documents.JsonObject): documents.JsonObject {
  documents.fields(content, ["reference", ...Object.keys(TEXTS), "seriousness", "ongoing", "retaliation"]);
  fromHex(content["reference"], 8);
  for (const [name, limit] of Object.entries(TEXTS)) documents.text(content[name], limit);
  documents.integer(content["seriousness"], 1, 3);
  documents.choice(content["ongoing"], UNSURE);
  documents.choice(content["retaliation"], UNSURE);
  return content;
}

function outcome(content: documents.JsonObject): documents.JsonObject {
  documents.fields(content, ["reference", "sequence", "state", "measure", "text"]);
  fromHex(content["reference"], 8);
  documents.integer(content["sequence"], 0, 1 << 20);
  documents.choice(content["state"], STATES);
  documents.choice(content["measure"], MEASURES);
  documents.text(content["text"], 2400);
  return content;
}

const LADDER = [16, 64, 256].map((size) => size * sizes.KIB);
const FIELDS = [
  "advisers", "facts", "figures", "instance", "issued_day", "mailboxes_read_day", "notices", "pad", "sequence",
  "valid_until_day", "version",
];

export async function verifyPublication(
  data: Bytes, signers: readonly Bytes[], instance: Bytes, today: number,
): Promise<documents.JsonObject> {
  if (!LADDER.includes(data.length)) throw new WrongSize();
  const document = documents.readDocument(data, "publication", LADDER[2]!);
  const body = documents.fields(await document.verify(signers, label("sign/publication")), FIELDS);
  documents.integer(body["version"], 1, 1);
  if (!same(fromHex(body["instance"], 16), instance)) throw new WrongInstance();
  if (/[^0]/.test(documents.text(body["pad"], LADDER[2]!))) throw new WrongSize();
  const [facts, figures] = [sorted(body["facts"]), sorted(body["figures"])];
  if (facts.length > 200 || figures.length > 500) throw new TooLong();
  const days = ["issued_day", "valid_until_day", "mailboxes_read_day"].map((name) =>
    documents.integer(body[name], 0, sizes.MAX_DAY),
  );
  const made = {
    sequence: documents.integer(body["sequence"]),
    issued_day: days[0]!,
    facts: facts.map(([name, value]) => [name, documents.text(value, 2000)]),
    figures: figures.map(([name, value]) => [name, documents.integer(value)]),
    notices: documents.items(body["notices"], 20).map((item) => texts(item, { language: 16, text: 4000 })),
    advisers: documents.items(body["advisers"], 500).map((item) =>
      texts(item, { name: 200, region: 100, languages: 200, contact: 300 }),
    ),
  };
  if (days[0]! > today + 1 || today > days[1]!) throw new OutsideDates();
  return made;
}

const sorted = (value: unknown): [string, documents.Json][] =>
  Object.entries(documents.object(value)).sort(([left], [right]) => (left < right ? -1 : 1));

function texts(item: documents.Json, limits: Readonly<Record<string, number>>): string[] {
  const entry = documents.fields(item, Object.keys(limits));
  return Object.entries(limits).map(([name, limit]) => documents.text(entry[name], limit));
}
