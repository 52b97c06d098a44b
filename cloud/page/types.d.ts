// Types of the page's own, beside those of the wire in frames.d.ts. Only `deno check` reads them. Times are ms.

import type { Change, ErrorCode, Legs, Moment, PressOutcome, Problem, Reason, Wish, PressStatus } from "./frames.d.ts";

export type Version = [number, number];

/** A press as it was first sent, and is sent each time. */
export type Asked = { key: string; light: string; set: Wish; if_ver?: Version; not_after: Moment };

/** What the bridge says of one press, on any path. */
export type Answer = PressOutcome | Problem;

/** What the page says of a press: the bridge's words and a few of its own. */
export type PageStatus =
  | PressStatus | "waiting" | "pending" | "retrying" | "restored" | "not_sent" | "rejected" | "unknown";

export type PageReason = Reason | ErrorCode | null;

/** `not`: it did not happen; `unsure`: nobody can tell. */
export type Failure = "not" | "unsure";
export type Tone = "wish" | "doubt" | "done" | "news" | "rest" | Failure;
export type Words = { text: string; tone: Tone };

/** Of a press that did not happen, or of which nobody can tell. */
export type FailedWords = { text: string; tone: Failure };

/** Who set a light, and when on this page's clock. */
export type Changed = { by: Change["by"]; phone?: string | undefined; at: number };

/** The same, as told now. */
export type ChangeNow = { by: Change["by"]; phone?: string | undefined; age_ms: number };

export type PressEvent =
  | { type: "pressed"; rtt_ms: number | null }
  | { type: "link_up"; rtt_ms: number }
  | { type: "link_down" }
  | { type: "deadline"; ms: number }
  | { type: "time" }
  | Answer;

export type PressAction =
  | { do: "store" | "forget" }
  | { do: "send" | "hedge"; age_ms: number }
  | { do: "say"; status: PageStatus; reason: PageReason }
  | { do: "shown"; ms: number }
  | { do: "wake"; at: number | null };

/** What the presses need of the connections. `hedge` sends a press beside the WebSocket. */
export type PressPorts = {
  send(frame: object): void;
  hedge(asked: Asked): Promise<Answer | null>;
  rtt(): number | null;
  hurry(): void;
};

/** Callbacks of the presses. */
export type PressListener = {
  say(asked: Asked, status: PageStatus, reason: PageReason, answer?: PressEvent): void;
  shown(asked: Asked, ms: number, legs: Legs | undefined, latest: number): void;
  failed(status: PageStatus, reason: PageReason): void;
};

/** Attributes that a finger wants, maybe not all of a wish. */
export type Attributes = Partial<Wish>;

export type SliderEvent =
  | { type: "moved"; set: Attributes; at: number }
  | { type: "settled" }
  | { type: "overruled" };

/** What a finger on the switch sees; see Lights. */
export type Look = { lit: Wish["state"]; wish: Attributes | null; open: boolean; version?: Version | undefined };

/** What keeps the WebSocket from opening, where something does. */
export type Obstacle = "portal" | "blocked";

/** The states of the link in which no press can leave until the person does something. */
export type Barred = "signed_out" | "refused";
