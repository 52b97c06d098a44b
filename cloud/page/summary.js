// What came of the newest presses, in words. Pure.

/** @import { Recent } from "./measure.js" */

import { ms } from "./words.js";

/** `recent`: see measure.js; `budget` in ms.
 * @param {Recent} recent @param {number} budget */
export function summaryOf(recent, budget) {
  if (recent.size === 1) return `Last press: ${lastOf(recent)}.`;
  const told = [doneOf(recent), failuresOf(recent)].filter(Boolean).join(", ");
  return [`Last ${recent.size} presses: ${told}.`, timesOf(recent), verdictOf(recent, budget)].filter(Boolean).join(" ");
}

/** @param {Recent} recent */
function lastOf(recent) {
  if (recent.failure === "not") return "did not happen";
  return recent.failure ? "what came of it is not known" : `told after ${ms(recent.within(1))}`;
}

/** @param {Recent} recent */
function doneOf(recent) {
  const { length } = recent.totals;
  return length === recent.size ? "all done" : `${length} done`;
}

/** @param {Recent} recent */
function failuresOf(recent) {
  const [not, unsure] = [recent.count("not"), recent.count("unsure")];
  return [not && `${not} did not happen`, unsure && `${unsure} not known`].filter(Boolean).join(", ");
}

/** @param {Recent} recent */
function timesOf(recent) {
  if (recent.totals.length === 0) return "";
  return `Half were told within ${ms(recent.within(0.5))}, the slowest after ${ms(recent.within(1))}.`;
}

/** @param {Recent} recent @param {number} budget */
function verdictOf(recent, budget) {
  const over = recent.over(budget);
  if (over > 0) return `${over} told later than the budget.`;
  return recent.totals.length === recent.size ? "All within the budget." : "";
}
