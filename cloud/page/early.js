// What runs before the rest of the page is here: the connection, which takes longest, is opened at once.

import { keepToken, readToken, tokenFromLink } from "./storage.js";
import { isToken } from "./stored.js";
import { Transport, helloOf } from "./transport.js";

const linked = tokenFromLink();

/** The token of the last page of this browser, or null. */
export const kept = readToken();

/** The token that this page begins with, or null. */
export const known = isToken(linked) ? linked : (kept ?? linked);

export const transport = new Transport();

if (isToken(known)) {
  keepToken(known); // it has left the address bar, and the rest may break off on the way
  transport.open(helloOf(known, {}));
}
