// The page: joins the link, the presses, the lights on the screen, and signing in.

/** @import { BridgeFrame, View, Welcome } from "./frames.d.ts" */
/** @import { LinkAction, LinkState } from "./link.js" */
/** @import { Asked, Obstacle } from "./types.d.ts" */
/** @import { SocketEvent } from "./transport.js" */

import { kept, known, transport } from "./early.js";
import { Presses } from "./presses.js";
import { Lights } from "./lights.js";
import { Journey } from "./journey.js";
import { Link, State } from "./link.js";
import { forgetAll, keepToken, onTokenForgotten, openPresses, readToken, tokenFromLink, tokenIn } from "./storage.js";
import { isToken } from "./stored.js";
import { findObstacle, helloOf, pressOverHttp } from "./transport.js";
import { lastWordOf, linkOf } from "./words.js";

const AGES_MS = 5_000; // how often "as of 20 s ago" is written anew
const NEWS_MS = 10_000; // how long what was read out can be read again
const SLEPT_MS = 1_000; // so far may the two clocks of this browser part while it is awake

/** @param {string} id */
const element = (id) => /** @type {HTMLElement} */ (document.getElementById(id)); // each is in index.html
const field = /** @type {HTMLInputElement} */ (element("token"));

const link = new Link(Math.random);
const journey = new Journey({
  felt: element("felt"),
  when: element("when"),
  told: element("told"),
  chart: /** @type {SVGElement} */ (/** @type {Element} */ (element("chart"))),
  summary: element("summary"),
});
const lights = new Lights({
  list: element("lights"),
  template: /** @type {HTMLTemplateElement} */ (element("card")),
  announce,
  fresh: () => link.state === State.LIVE && broker,
  barred: () => (link.state === State.SIGNED_OUT || link.state === State.REFUSED ? link.state : null),
  failed: (words) => journey.fail(words),
  presses: () => presses,
});
/** @type {Presses} */
const presses = new Presses(
  {
    send: (frame) => transport.send(frame),
    hedge: takeSecondPath,
    rtt: () => (link.state === State.LIVE ? (link.rtt ?? 0) : null),
    hurry: () => drive({ type: "check" }),
  },
  {
    say: (...said) => lights.say(...said),
    shown: (asked, total, legs, latest) => {
      journey.show(total, legs, latest);
      lights.sayDone(asked, total);
    },
    failed: (status, reason) => reason !== "superseded" && journey.fail(lastWordOf(status, reason)), // the newer one counts
  },
);

/** @type {string | null} */
let token = null;
let good = kept; // the newest token that the bridge knew, so far as this page knows
let broker = true; // as the bridge last said
/** @type {Obstacle | null} */
let obstacle = null; // what keeps the link from opening
/** @type {number | undefined} */
let timer;
/** @type {number | undefined} */
let newsTimer;
let welcomed = 0; // how far the two clocks of this browser were apart at the last welcome
let unasked = openPresses(); // of an earlier page: asked again as soon as there is a link

/** @param {SocketEvent | {type: "start"} | {type: "check"} | {type: "time"}} event */
function drive(event) {
  if (event.type === "frame") hear(event.frame, event.at);
  if (event.type === "closed" && !event.opened) lookAround();
  for (const action of link.onEvent(event, performance.now())) act(action);
}

/** @param {LinkAction} action */
function act(action) {
  switch (action.do) {
    case "open":
      return transport.open(helloOf(token ?? "", lights.screen.have()));
    case "send":
      return transport.send(action.frame);
    case "drop":
      return transport.drop();
    case "tell":
      return tell(action);
    case "wake":
      return wake(action.at);
    default:
      throw new Error(`no shell for ${/** @type {{do: string}} */ (action).do}`);
  }
}

/** @param {number | null} at */
function wake(at) {
  clearTimeout(timer);
  if (at !== null) timer = setTimeout(() => drive({ type: "time" }), Math.max(at - performance.now(), 0));
}

/** The link's state changed.
 * @param {{state: LinkState}} told */
function tell({ state }) {
  if (state === State.LIVE) {
    obstacle = null;
    unasked.forEach((asked) => presses.restore(asked));
    unasked = [];
    presses.linkUp();
  } else {
    lights.screen.freeze(link.heard);
    presses.linkDown();
  }
  if (state === State.SIGNED_OUT) comeBackSignedIn() || askForToken("The bridge does not know this token.");
  show();
}

/** A link's token that is no good, mistyped, old or a stranger's, takes nobody's good one away. Whether there is one. */
function comeBackSignedIn() {
  const other = good === token ? null : good;
  good = null;
  if (other !== null) queueMicrotask(() => signIn(other)); // the link is amid an event
  return other !== null;
}

/** `at`: when it came, which may be before this part of the page did; the lights' clocks are reckoned from it.
 * @param {BridgeFrame} frame @param {number} at */
function hear(frame, at) {
  switch (frame.type) {
    case "welcome":
      return hearWelcome(frame, at);
    case "light":
      return hearLight(frame.light, at);
    case "gone":
      lights.takeAway(frame.light);
      return show();
    case "broker":
      return hearBroker(frame);
    case "outcome":
      return presses.hear(frame);
    case "error":
      return frame.key ? presses.hear(frame) : announce(`The bridge says: ${frame.message}`);
    case "ping":
    case "pong":
      return undefined; // the link's
    default:
      return void (/** @satisfies {never} */ (frame)); // a newer bridge may say more than this page knows
  }
}

/** @param {Welcome} frame @param {number} at */
function hearWelcome(frame, at) {
  welcomed = apart();
  good = token;
  broker = frame.broker;
  lights.me = frame.phone;
  element("phone").textContent = frame.phone;
  lights.screen.greet();
  frame.gone?.forEach((id) => lights.takeAway(id));
  frame.lights.forEach((view) => lights.greet(view, at));
  frame.clocks?.forEach((clock) => lights.hearClock(clock, at));
  lights.forgetAhead();
  if (broker) lights.screen.miss();
}

/** @param {View} view @param {number} at */
function hearLight(view, at) {
  const isFirst = lights.size === 0;
  lights.take(view, at);
  if (isFirst) show();
}

/** @param {{connected: boolean}} frame */
function hearBroker({ connected }) {
  if (broker && !connected) lights.screen.freeze(performance.now());
  broker = connected;
  if (broker) lights.screen.miss();
  show();
}

async function lookAround() {
  const found = await findObstacle();
  if (link.state !== State.LIVE) obstacle = found;
  show();
}

/** The first copy got no answer: doubt the link, and send the same press around it.
 * @param {Asked} asked */
function takeSecondPath(asked) {
  drive({ type: "check" });
  return pressOverHttp(asked, token ?? "");
}

function show() {
  const words = element("link");
  const state = link.state === State.CONNECTING && link.troubled ? State.WAITING : link.state; // said once, not each try
  const text = linkOf(state, broker, obstacle);
  if (words.textContent !== text) words.textContent = text;
  words.dataset.state = state === State.LIVE && !broker ? "away" : state;
  element("none").hidden = lights.size > 0 || link.state !== State.LIVE;
  const signedOut = link.state === State.SIGNED_OUT;
  element("sign-in").hidden = !signedOut;
  element("journey").hidden = signedOut || lights.size === 0;
  element("me").hidden = signedOut || lights.me === null;
  showAges();
}

function showAges() {
  lights.showAll();
  journey.showAge();
}

/** @param {string} text */
function announce(text) {
  element("news").textContent = text;
  clearTimeout(newsTimer);
  newsTimer = setTimeout(() => (element("news").textContent = ""), NEWS_MS);
}

/** @param {string} complaint */
function askForToken(complaint) {
  element("complaint").textContent = complaint;
  show();
  field.focus();
}

/** @param {string} text */
function signIn(text) {
  const given = tokenIn(text) ?? text.trim();
  if (!isToken(given)) return askForToken("This is not a token.");
  token = given;
  keepToken(token);
  element("complaint").textContent = "";
  field.value = "";
  return drive({ type: "start" });
}

/** Nothing stays that only the owner of the token may see, or that would bring it back. */
function signOut() {
  forgetAll();
  location.replace(location.pathname + location.search);
}

/** Grows in a sleep, where only the clock of the day goes on. */
const apart = () => Date.now() - performance.now();

/**
 * Whether this machine slept on a connection that still stands. What the page knows of the lights' clocks is then too
 * little, and its presses would be late; a new welcome mends it. A date that was only set right costs no more than that.
 */
const hasSlept = () => link.state === State.LIVE && Math.abs(apart() - welcomed) > SLEPT_MS;

function comeBack() {
  drive({ type: hasSlept() ? "start" : "check" });
  showAges();
}

function start() {
  element("sign-in").addEventListener("submit", (event) => {
    event.preventDefault();
    signIn(field.value);
  });
  element("sign-out").addEventListener("click", signOut);
  onTokenForgotten(() => token !== null && signOut());
  const check = () => document.visibilityState === "visible" && comeBack();
  document.addEventListener("visibilitychange", check);
  for (const name of ["online", "offline", "pageshow"]) addEventListener(name, check);
  addEventListener("hashchange", () => {
    const other = tokenFromLink();
    if (other) signIn(other);
  });
  setInterval(showAges, AGES_MS);
  if (isToken(known) && readToken() !== known) location.reload(); // another tab signed out while this one was loading
  else if (known) signIn(known);
  else askForToken("");
  transport.listen(drive);
}

start();
