/** The transport of a page: requests to the page's own host, with how much has gone out. */

import { TransportFailed } from "../reporter/errors.ts";
import type { Request, Response } from "../reporter/transport.ts";

const SILENCE = 180_000; // ms without a byte either way: Tor's circuits stall for a minute and recover

export const network = (request: Request, sent: (bytes: number) => void = () => {}): Promise<Response> =>
  new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    let timer = 0;
    const fail = (): void => {
      window.clearTimeout(timer);
      reject(new TransportFailed());
    };
    const alive = (): void => {
      window.clearTimeout(timer);
      timer = window.setTimeout(() => call.abort(), SILENCE);
    };
    call.open(request.method, request.path);
    call.responseType = "arraybuffer";
    call.upload.onprogress = (event) => {
      alive();
      sent(event.loaded);
    };
    call.onprogress = alive;
    call.onerror = call.onabort = call.ontimeout = fail;
    call.onload = () => {
      if (call.status === 408) return fail(); // too slow for the host this time
      window.clearTimeout(timer);
      resolve({ status: call.status, body: new Uint8Array(call.response as ArrayBuffer) });
    };
    alive();
    call.send(request.body ?? null);
  });
