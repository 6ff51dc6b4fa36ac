/** Why something did not work, as the name of a sentence. */

import { OutsideDates, ProtocolError, TooLong } from "../protocol/errors.ts";
import { HostFull, HostNotReady, OtherBundle, OtherFiles, OutcomeUnknown, TransportFailed, UploadLost, VisitError } from "../reporter/errors.ts";

export function sendingFault(error: unknown): string {
  if (error instanceof HostFull) return "full";
  if (error instanceof HostNotReady) return "not_ready";
  if (error instanceof OtherFiles) return "other_files";
  if (error instanceof OutcomeUnknown) return "unknown";
  if (error instanceof TransportFailed) return "away";
  if (error instanceof UploadLost) return "lost";
  if (error instanceof OtherBundle) return "other_code";
  if (error instanceof VisitError) return "refused";
  if (error instanceof OutsideDates) return "clock";
  if (error instanceof TooLong) return "too_large";
  return error instanceof ProtocolError ? "forged" : "failed";
}

export function readingFault(error: unknown): string {
  if (error instanceof OtherBundle) return "read_other_code";
  if (error instanceof VisitError) return "read_away";
  if (error instanceof OutsideDates) return "read_clock";
  return error instanceof ProtocolError ? "read_forged" : "read_failed";
}
