// Written by `python -m presslight.contract.export` from contract/; `make check` fails where it is not current.

export const DEFAULT_PATIENCE_MS = 2000;
export const MAX_AGE_MS = 3600000;
export const MAX_SMALL = 1073741823;
export const MAX_UP_MS = 9999999999999;
export const WIRE_VERSION = 1;
export const MAX_HAVE = 150;
export const MAX_TOKEN = 256;
export const ATTRIBUTES = {"state": {"values": ["ON", "OFF"]}, "brightness": {"minimum": 1, "maximum": 255}};
export const BACKOFF_BASE_MS = 200;
export const BACKOFF_CAP_MS = 5000;
export const BACKOFF_NOBODY_MS = 1000;
export const PROVEN_LIFE_MS = 10000;
export const HANDSHAKE_MS = 6000;
export const FIRST_FINAL_CLOSE_CODE = 4100;
export const LAST_FINAL_CLOSE_CODE = 4199;
export const SILENCE_PINGS = 2.5;
export const SHORTEST_PING_MS = 20;
export const SETTLING_PINGS = 15;
export const DOUBT_MS = 1000;
export const DOUBT_RTTS = 4;
export const RTT_SMOOTHING = 0.125;
export const HEDGE_MS = 300;
export const HEDGE_RTTS = 1.5;
export const ASK_AGAIN_MS = 2000;
export const LONGEST_GAP_MS = 30000;
export const REFUSALS = 3;
export const DRIFT = 0.001;
export const FALSE_CLOCK_MS = 20000;
export const KEY_PATTERN = /^[0-9a-f]{16}-(?:[1-9][0-9]{0,8}|10[0-6][0-9]{7}|107[0-2][0-9]{6}|1073[0-6][0-9]{5}|10737[0-3][0-9]{4}|107374[0-0][0-9]{3}|1073741[0-7][0-9]{2}|10737418[0-1][0-9]{1}|107374182[0-2][0-9]{0}|1073741823)$/;
export const LIGHT_PATTERN = /^(?!(?:bridge|homeassistant|bridge-.*)$)[a-z0-9][a-z0-9_-]{0,31}$/;
export const BOOT_PATTERN = /^[0-9a-f]{8}$/;
export const CloseCode = Object.freeze({
  INTERNAL: 1011,
  RESTART: 1012,
  SLOW: 4001,
  SILENT: 4002,
  HELLO_TIMEOUT: 4003,
  OVERLOADED: 4004,
  RATE_LIMITED: 4005,
  UNAUTHENTICATED: 4101,
  UNSUPPORTED_VERSION: 4102,
  HELLO_EXPECTED: 4103,
  ABUSE: 4104,
});
