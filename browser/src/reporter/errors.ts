/** How a visit can end badly, and whose fault it is. */

export class VisitError extends Error {}
/** The host's limit: it takes no more for now. Nothing that was accepted is lost. */
export class HostFull extends VisitError {}
/** The bureau's or the host's: there is no bulletin or no board to be had, or its store is away for a moment. */
export class HostNotReady extends VisitError {}
/** Ours, or a host that does not keep to the protocol: repeating the request will not help. */
export class HostRefused extends VisitError {}
/** The upload is no longer there: it was swept after a day, or taken back. */
export class UploadLost extends VisitError {}
/** The line's: no answer, or a broken connection. What was sent so far is kept and can be resumed. */
export class TransportFailed extends VisitError {}
/** The line's: the end was given, and no answer came. The host may hold all of it. */
export class OutcomeUnknown extends TransportFailed {}
/** The reporter's: it was to be resumed with other files. Nothing of them was sent, and what was sent before is kept. */
export class OtherFiles extends TransportFailed {}
/** The code that runs is not the code that the bureau vouches for in its bulletin. */
export class OtherBundle extends VisitError {}
