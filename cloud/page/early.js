// What runs before the rest of the page is here: the connection, which takes longest, is opened at once.

import { keepToken, readToken, tokenFromLink } from "./memory.js";
import { isToken } from "./stored.js";
import { Wire, helloOf } from "./wire.js";

/** The token that this page begins with, or null. */
export const known = tokenFromLink() ?? readToken();

export const wire = new Wire();

if (isToken(known)) {
  keepToken(known); // it has left the address bar, and the rest may break off on the way
  wire.open(helloOf(known, {}));
}
