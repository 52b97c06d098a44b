// What the browser throws. Pure.

/** The name of an error, for the console; a text of its own might hold a token.
 * @param {unknown} error */
export function nameOfError(error) {
  return error instanceof Error ? error.name : String(error);
}
