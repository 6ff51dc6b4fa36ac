/** What a vector, or a test in Python, can ask: the twin of tests/vectors/operations.py. */

import { Blank } from "../src/protocol/blank.ts";
import * as boardHead from "../src/protocol/board_head.ts";
import { BoardIndex } from "../src/protocol/board.ts";
import * as bulletin from "../src/protocol/bulletin.ts";
import { type Bytes, concat, fromHex, same, toHex, utf8 } from "../src/protocol/bytes.ts";
import * as documents from "../src/protocol/documents.ts";
import * as envelope from "../src/protocol/envelope.ts";
import { BadReceipt, DoesNotOpen, UnknownVersion, WrongSize } from "../src/protocol/errors.ts";
import { cleanFileName } from "../src/protocol/file_names.ts";
import { RootPublicKey, verifyCertificate } from "../src/protocol/keys.ts";
import { messageMac } from "../src/protocol/payload.ts";
import * as primitives from "../src/protocol/primitives.ts";
import { fingerprintWords, parseReceipt, Receipt } from "../src/protocol/receipt.ts";
import { joinNotes, type ReceivedNote } from "../src/protocol/reply.ts";
import * as sizes from "../src/protocol/sizes.ts";
import { advance, openRecord, ReporterKeys } from "../src/protocol/thread.ts";
import * as exchange from "../src/reporter/exchange.ts";
import { openCard, readCard, verifyPublication } from "./announced.ts";
import { canarySigner, requireCosigned, verifyCosignature, verifyObservation } from "./auditing.ts";
import * as bench from "./bench.ts";
import { assemble, encodeNote, sealRecord } from "./issuing.ts";
import * as resuming from "./resuming.ts";
import { type Line, openEnvelope, openPayload, readFrames, XWingSecretKey } from "./opening.ts";
import * as sealing from "./sealing.ts";
import { type Shared, toBytes, type Value } from "./values.ts";
import { LISTS, listOf } from "./words.ts";

type Operation = (given: Value, shared: Shared) => Promise<unknown> | unknown;

const hash = async (data: Bytes): Promise<string> => toHex(await primitives.sha256(data));

const label = (name: string): Bytes => utf8(`dropbox/v1/${name}\0`);

/** The name of section 13.2, and the hash of the content that it is bound to. */
async function uploadName(salt: Bytes, content: Bytes): Promise<{ hash: Bytes; name: Bytes }> {
  let hash: Bytes = new Uint8Array(32);
  for (let at = 0; at < content.length; at += sizes.UPLOAD_CHUNK) {
    const chunk = await primitives.sha256(content.slice(at, at + sizes.UPLOAD_CHUNK));
    hash = await primitives.sha256(concat(label("upload/content"), hash, chunk));
  }
  return { hash, name: await primitives.sha256(concat(label("upload/name"), salt, hash)) };
}

const rootOf = (given: Value, shared: Shared): Promise<RootPublicKey> => RootPublicKey.of(toBytes(given.root, shared));

const bulletinOf = async (given: Value, shared: Shared): Promise<bulletin.Bulletin> =>
  bulletin.verifyStoredBulletin(toBytes(given.bulletin, shared), await rootOf(given, shared));

const receiptOf = (given: Value, shared: Shared): Promise<Receipt> => Receipt.of(toBytes(given.entropy, shared));

const reporterOf = async (given: Value, shared: Shared): Promise<ReporterKeys> =>
  ReporterKeys.derive(await receiptOf(given, shared), toBytes(given.instance, shared));

async function openerOf(given: Value, shared: Shared) {
  const [reporter, recipient] = [await reporterOf(given, shared), toBytes(given.recipient, shared)];
  const keys = await reporter.replyKeys(recipient);
  const opener = {
    instance: reporter.instance, recipient, secret: await reporter.replySecret(recipient), public: keys.public,
  };
  return { opener, link: { number: given.number, chain: await advance(keys.chain, given.number) } };
}

const noted = ({ number, day, note: { kind, ...note } }: ReceivedNote) => ({ number, day, kind, note });

const keysOf = (values: Value, shared: Shared): Bytes[] => values.map((one: Value) => toBytes(one, shared));

const signedBoard = (given: Value, shared: Shared): Promise<boardHead.SignedBoard> =>
  boardHead.verifyBoard(
    toBytes(given.board, shared), keysOf(given.board_keys, shared), toBytes(given.instance, shared),
  );

function cardExpected(given: Value, shared: Shared, recipient: Bytes) {
  const signers = keysOf(given.signers, shared);
  return { kind: given.expected, instance: toBytes(given.instance, shared), recipient, signers };
}

const message = (value: Value) => ({
  text: value.text, category: value.category, ongoing: value.ongoing, keepFrom: value.keep_from,
  language: value.language, answers: value.answers,
});

async function seal(given: Value, shared: Shared): Promise<unknown> {
  const outgoing = {
    receipt: await receiptOf(given, shared), messageId: fromHex(given.message_id, 16), known: new Set<string>(given.known),
  };
  const files = given.files.map(([name, content]: Value) => [name, toBytes(content, shared)]);
  const made = await bulletinOf(given, shared);
  return { envelope: await sealing.sealed(made, outgoing, message(given.message), files, new Blank()) };
}

export const OPERATIONS: Readonly<Record<string, Operation>> = {
  seal,
  resume: async (given, shared) => {
    const files = (list: Value) => list.map(([name, content]: [string, Value]) => [name, toBytes(content, shared)]);
    const [made, receipt] = [await bulletinOf(given, shared), await receiptOf(given, shared)];
    const { end, arrives } = given;
    return resuming.resume(made, receipt, message(given.message), files(given.files), files(given.then), end, arrives);
  },
  "resume/left": async (given, shared) => {
    const { instance } = await rootOf(given, shared);
    const other = await receiptOf({ entropy: given.other }, shared);
    return resuming.leftOpens(await receiptOf(given, shared), other, instance, message(given.message));
  },
  "blank/again": async (given, shared) => {
    const [first, second] = [await bulletinOf(given, shared), await bulletinOf({ ...given, bulletin: given.next }, shared)];
    return sealing.usedAgain(first, second, await receiptOf(given, shared));
  },
  "blank/early": async (given, shared) =>
    sealing.begunEarly(await bulletinOf(given, shared), await receiptOf(given, shared)),
  "bench/seal": async (given, shared) => {
    const pinned = { root: await rootOf(given, shared), bundle: "" };
    return bench.seal(toBytes(given.bulletin, shared), pinned, await receiptOf(given, shared), given.bytes, given.now);
  },
  "bench/find": async (given, shared) => {
    const [made, receipt] = [await bulletinOf(given, shared), await receiptOf(given, shared)];
    return bench.find(made, receipt, toBytes(given.board, shared), keysOf(given.board_keys, shared), given.now);
  },
  "receipt/show": async (given, shared) => {
    const receipt = await receiptOf(given, shared);
    const words = receipt.words(listOf(given.language)).join(" ");
    return { words, digits: receipt.digits() };
  },
  "receipt/parse": async (given) => ({ entropy: toHex((await parseReceipt(given.typed, LISTS)).entropy) }),
  "receipt/near": async (given) => {
    const refused = await parseReceipt(given.typed, LISTS).catch((error: unknown) => error);
    return { suggestions: refused instanceof BadReceipt ? refused.suggestions : null };
  },
  "root/fingerprint": async (given, shared) => {
    const root = await rootOf(given, shared);
    const fingerprint = await root.fingerprint();
    const words = fingerprintWords(fingerprint, listOf("english")).join(" ");
    return { instance: toHex(root.instance), fingerprint: toHex(fingerprint), words };
  },
  "keys/derive": async (given, shared) => {
    const [reporter, recipient] = [await reporterOf(given, shared), toBytes(given.recipient, shared)];
    const keys = await reporter.replyKeys(recipient);
    return {
      master: toHex(reporter.master),
      thread_id: toHex(reporter.threadId),
      auth: toHex(reporter.auth),
      reply_secret: toHex(await reporter.replySecret(recipient)),
      reply_public: toHex(keys.public),
      chain_0: toHex(keys.chain),
      chain_1: toHex(await advance(keys.chain, 1)),
      chain_200: toHex(await advance(keys.chain, 200)),
      tag_key: toHex(keys.tagKey),
    };
  },
  "document/decode": (given, shared) =>
    documents.decode(toBytes(given.document, shared), given.limit ?? 64 * sizes.KIB),
  "certificate/verify": async (given, shared) => {
    const document = documents.readDocument(toBytes(given.certificate, shared), "certificate", 4 * sizes.KIB);
    const made = await verifyCertificate(document, await rootOf(given, shared));
    return { role: made.role, key: toHex(made.key), not_before: made.notBefore, not_after: made.notAfter };
  },
  "bulletin/verify": async (given, shared) => {
    const data = toBytes(given.bulletin, shared);
    const made = await bulletin.verifyBulletin(data, await rootOf(given, shared), given.now);
    return {
      hash: toHex(made.hash),
      day: made.day,
      revision: made.revision,
      kind: made.kind,
      recipients: made.recipients.map((one) => toHex(one.identity)),
      board_keys: bulletin.keysFor(made, "board").map(toHex),
    };
  },
  "sizes/envelope": (given) => {
    const size = sizes.envelopeSize(given.plaintext);
    return { envelope: size, holds: sizes.payloadPlaintext(size) };
  },
  "prefix/read": (given, shared) => {
    const made = sizes.readPrefix(toBytes(given.prefix, shared));
    return { day: made.day, revision: made.revision, envelope_id: toHex(made.envelopeId) };
  },
  "sealed-file/read": async (given, shared) => {
    const file = toBytes(given.file, shared);
    if (!same(file.slice(0, 8), utf8("DBXSEA01"))) throw new UnknownVersion();
    if (file.length < 56 + sizes.PREFIX) throw new WrongSize();
    const [salt, name, content] = [file.slice(8, 24), file.slice(24, 56), file.slice(56)];
    const prefix = sizes.readPrefix(content.slice(0, sizes.PREFIX));
    if (!sizes.ENVELOPE_LADDER.includes(content.length)) throw new WrongSize();
    if (!same(name, (await uploadName(salt, content)).name)) throw new DoesNotOpen();
    return { name: toHex(name), salt: toHex(salt), day: prefix.day, envelope: content.length };
  },
  "upload-name/of": async (given, shared) => {
    const made = await uploadName(toBytes(given.salt, shared), toBytes(given.content, shared));
    return { content_hash: toHex(made.hash), name: toHex(made.name) };
  },
  "cobblestone/open": async (given, shared) => {
    const [key, context] = [toBytes(given.key, shared), toBytes(given.context, shared)];
    const plaintext = await openPayload(key, context, toBytes(given.ciphertext, shared));
    return { length: plaintext.length, sha256: await hash(plaintext) };
  },
  "payload/read": async (given, shared) => {
    const read = await readFrames(toBytes(given.payload, shared));
    return { events: read.lines, frames_hash: toHex(read.framesHash), mac: toHex(read.mac) };
  },
  "file-name/clean": (given) => ({ clean: cleanFileName(given.name) }),
  "envelope/slots": async (given, shared) => {
    const [header, instance] = [toBytes(given.header, shared), toBytes(given.instance, shared)];
    const bulletinHash = toBytes(given.bulletin_hash, shared);
    const infos = [0, 1, 2, 3].map((slot) =>
      toHex(envelope.slotInfo(instance, header.slice(0, sizes.PREFIX), bulletinHash, slot)),
    );
    return { infos, context: toHex(await envelope.payloadContext(header, bulletinHash)) };
  },
  "envelope/open": async (given, shared) => {
    const secret = await XWingSecretKey.of(toBytes(given.seed, shared));
    const made = await bulletinOf(given, shared);
    const recipient = toBytes(given.recipient, shared);
    const { read, headerHash } = await openEnvelope(made, recipient, secret, toBytes(given.envelope, shared));
    const auth = "auth" in given ? toBytes(given.auth, shared) : read.auth;
    const authentic = same(await messageMac(auth, headerHash, read.framesHash), read.mac);
    return { events: read.lines satisfies readonly Line[], authentic, header_hash: toHex(headerHash) };
  },
  "board/assemble": async (given, shared) => {
    const raw = (name: string): Bytes => toBytes(given[name], shared);
    const head = {
      instance: raw("instance"), recipient: raw("recipient"), salt: raw("salt"), issuedDay: given.issued_day,
      nextDue: given.next_due, validUntil: given.valid_until, bulletinHash: raw("bulletin_hash"), records: given.records,
    };
    const live = given.live.map((one: Value) => [toBytes(one.tag_key, shared), one.number, toBytes(one.inner, shared)]);
    const { board, tags } = await assemble(head, live, raw("covers"));
    return { head: toHex(board.slice(0, boardHead.HEAD)), tags: tags.map(toHex), sha256: await hash(board) };
  },
  "board/read": async (given, shared) => {
    const signed = await signedBoard(given, shared);
    boardHead.requireValid(signed.head, given.now);
    const found = await new BoardIndex(signed).walk(toBytes(given.tag_key, shared));
    return {
      recipient: toHex(signed.head.recipient),
      salt: toHex(signed.head.salt),
      issued_day: signed.head.issuedDay,
      next_due: signed.head.nextDue,
      valid_until: signed.head.validUntil,
      bulletin_hash: toHex(signed.head.bulletinHash),
      records: signed.head.records,
      found: await Promise.all(found.map(async ([number, inner]) => [number, await hash(inner)])),
    };
  },
  "boards/split": async (given, shared) => ({
    sha256: await Promise.all(exchange.splitBoards(toBytes(given.body, shared)).map(hash)),
  }),
  "dialogue/read": async (given, shared) => {
    const index = new BoardIndex(await signedBoard(given, shared));
    const [receipt, made] = [await receiptOf(given, shared), await bulletinOf(given, shared)];
    const dialogue = await exchange.readDialogue(receipt, made, [index], given.now);
    return dialogue.map((box) => ({ notes: box.notes.map(noted), unread: box.unread }));
  },
  "record/seal": async (given, shared) => {
    const { opener, link } = await openerOf(given, shared);
    const inner = await sealRecord(opener, link, toBytes(given.body, shared), toBytes(given.ephemeral, shared));
    return { inner: toHex(inner) };
  },
  "record/open": async (given, shared) => {
    const { opener, link } = await openerOf(given, shared);
    return { body: toHex(await openRecord(opener, link, toBytes(given.inner, shared))) };
  },
  "note/encode": (given) => ({
    bodies: encodeNote(given.kind, given.note, given.day).map((body) => toHex(body).replace(/(00)+$/, "")),
  }),
  "notes/join": (given, shared) => {
    const bodies = given.bodies.map(([number, value]: Value) => {
      const body = toBytes(value, shared);
      const padding = given.exact ? 0 : Math.max(0, sizes.RECORD_BODY - body.length);
      return [number, concat(body, new Uint8Array(padding))];
    });
    const [notes, unread] = joinNotes(bodies);
    return { notes: notes.map(noted), unread };
  },
  "card/read": (given, shared) =>
    readCard(toBytes(given.plaintext, shared), cardExpected(given, shared, toBytes(given.recipient, shared))),
  "card/open": async (given, shared) => {
    const secret = await XWingSecretKey.of(toBytes(given.seed, shared));
    const plaintext = await openCard(secret, toBytes(given.instance, shared), toBytes(given.card, shared));
    return readCard(plaintext, cardExpected(given, shared, secret.box));
  },
  "publication/verify": (given, shared) =>
    verifyPublication(
      toBytes(given.publication, shared), keysOf(given.signers, shared), toBytes(given.instance, shared), given.today,
    ),
  "observation/verify": (given, shared) => verifyObservation(toBytes(given.observation, shared)),
  "cosignature/verify": async (given, shared) => {
    const { witness, day, revision, hash, seen_day } = await verifyCosignature(toBytes(given.cosignature, shared));
    return { witness, day, revision, hash, seen_day };
  },
  "cosignature/require": async (given, shared) => {
    const made = await bulletinOf(given, shared);
    const quorum = { witnesses: keysOf(given.witnesses, shared), needed: given.needed };
    await requireCosigned(made, made.hash, quorum, keysOf(given.cosignatures, shared));
    return { enough: true };
  },
  "canary/signer": async (given, shared) => {
    const place = {
      instance: toBytes(given.instance, shared), thread: toBytes(given.thread, shared), day: given.day,
    };
    return { signer: await canarySigner(given.text, place, keysOf(given.known, shared)) };
  },
};
