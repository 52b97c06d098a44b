// Written by `python -m presslight.contract.export` from contract/; `make check` fails where it is not current.

export type BrokerStatus = {
  type: "broker";
  connected: boolean;
};

export type Change = {
  by: string;
  phone?: string;
  age_ms: number;
};

export type Clock = {
  id: string;
  boot: string;
  up: number;
  age_ms: number;
  line?: number;
};

export type ErrorCode = "malformed" | "too_large" | "unknown_type" | "invalid" | "unsupported_version" | "unauthenticated" | "hello_expected" | "hello_again" | "hello_timeout" | "forbidden" | "unknown_light" | "unknown_press" | "not_found" | "method_not_allowed" | "key_missing" | "key_reused" | "rate_limited" | "too_many_sockets" | "store_unavailable" | "overloaded" | "slow_phone" | "silent_phone" | "shutting_down" | "request_timeout" | "upgrade_required" | "wrong_host" | "wrong_origin" | "internal";

export type Have = {
  version: [number, number];
  online: boolean;
};

export type Hello = {
  type: "hello";
  versions: number[];
  token: string;
  client?: string;
  have?: Record<string, Have>;
};

export type Legs = {
  bridge_us: number;
  ack_us?: number;
  light_us: number;
};

export type LightChanged = {
  type: "light";
  light: View;
};

export type LightGone = {
  type: "gone";
  light: string;
};

export type Lights = {
  broker: boolean;
  lights: View[];
};

export type Limits = {
  frame_bytes: number;
  presses_per_s: number;
  burst: number;
};

export type Moment = {
  boot: string;
  up: number;
};

export type Ping = {
  type: "ping";
  n: number;
};

export type Pong = {
  type: "pong";
  n: number;
};

export type Press = {
  type: "press";
  key: string;
  light: string;
  set: Wish;
  if_ver?: [number, number];
  not_after?: Moment;
  patience_ms?: number;
  age_ms?: number;
};

export type PressBody = {
  state: "ON" | "OFF";
  brightness?: number;
  if_ver?: [number, number];
  not_after?: Moment;
  patience_ms?: number;
};

export type PressOutcome = {
  type: "outcome";
  key: string;
  light: string;
  status: PressStatus;
  final: boolean;
  reason?: Reason;
  version?: [number, number];
  legs?: Legs;
};

export type PressStatus = "accepted" | "applied" | "refused" | "offline" | "unconfirmed" | "not_applied" | "lost_in_reboot" | "forgotten";

export type Problem = {
  type: "error";
  code: ErrorCode;
  message: string;
  retry: boolean;
  key?: string;
};

export type Reason = "late" | "superseded" | "precondition" | "invalid" | "busy" | "light_offline" | "broker_away";

export type Shown = {
  type: "shown";
  key: string;
  ms: number;
};

export type View = {
  state: "ON" | "OFF";
  brightness: number;
  id: string;
  online: boolean;
  traits: string[];
  version: [number, number];
  boot: string;
  up: number;
  age_ms: number;
  change?: Change;
  line?: number;
  shared?: true;
  degraded?: true;
};

export type Welcome = {
  type: "welcome";
  version: number;
  bridge: string;
  phone: string;
  ping_ms: number;
  limits: Limits;
  broker: boolean;
  lights: View[];
  clocks: Clock[];
  gone: string[];
};

export type Wish = {
  state: "ON" | "OFF";
  brightness?: number;
};

export type PhoneFrame = Hello | Press | Shown | Ping | Pong;

export type BridgeFrame = Welcome | LightChanged | LightGone | BrokerStatus | PressOutcome | Problem | Ping | Pong;
