/** Every way in which the protocol refuses something: the classes of docs/protocol.md, section 15. */

export class ProtocolError extends Error {}
export class Malformed extends ProtocolError {}
export class NotCanonical extends Malformed {}
export class UnknownVersion extends ProtocolError {}
export class WrongSize extends ProtocolError {}
export class WrongInstance extends ProtocolError {}
export class BadSignature extends ProtocolError {}
export class OutsideDates extends ProtocolError {}
export class DoesNotOpen extends ProtocolError {}
export class TooLong extends ProtocolError {}

export type ReceiptFault = "empty" | "count" | "word" | "digits" | "checksum";

/** The reporter's typing. `position` counts from 1; `found` is the number of words; `suggestions` look like the one. */
export class BadReceipt extends ProtocolError {
  readonly fault: ReceiptFault;
  readonly position: number;
  readonly found: number;
  readonly suggestions: readonly string[];

  constructor(fault: ReceiptFault, told: { position?: number; found?: number; suggestions?: readonly string[] } = {}) {
    super();
    this.fault = fault;
    this.position = told.position ?? 0;
    this.found = told.found ?? 0;
    this.suggestions = told.suggestions ?? [];
  }
}
