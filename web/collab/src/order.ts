/**
 * Fractional order keys: siblings are sorted by text, so that one can be put between two others without moving any.
 *
 * Keys are made of 0-9A-Za-z, compared as ASCII, at most 64 long. They are read in blocks of six digits: within one
 * there is room for 62^6 keys, and when it is full a new one begins behind it.
 */

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BLOCK = 6;
const IN_BLOCK = DIGITS.length ** BLOCK; // 56,800,235,584: exact as a number
const LONGEST = 64;
const LONGEST_STEP = 2 ** 16;

/**
 * Return a key strictly between two others (null: the bottom, the top), or null where there is no room left.
 *
 * Who inserts at one place again and again goes up or down from there, and the newer of the two neighbours is the
 * longer one, because it was made there. So the new key is a small step from the longer one, and the rest of the block
 * is left for those that follow: 5,000 keys at one place are 12 to 18 characters long, where halving would need 835.
 * The step is random, so that two people who insert at the same place at the same time rarely make the same key.
 * Where there is no room (after about a hundred inserts whose neighbours alternate, or between equal keys), the server
 * has not made any yet, as it does when a key longer than 32 arrives: take the key of a neighbour, or give the siblings
 * new keys with `spread`.
 *
 * @param random gives numbers from 0 to below 1, as `Math.random` does.
 */
export function between(a: string | null, b: string | null, random: () => number): string | null {
  const low = a ?? "";
  let high = b;
  let head = "";
  for (let at = 0; at + BLOCK <= LONGEST; at += BLOCK) {
    const from = blockAt(low, at);
    const to = high === null ? IN_BLOCK : blockAt(high, at);
    if (to < from) return null; // they are in the wrong order
    const room = to - from - 1;
    if (room > 0) return head + written(from + place(room, depth(low, at), depth(high, at), random));
    head += written(from);
    if (to > from) high = null; // from here on every key behind `low` is before `high`
    else if (at + BLOCK >= Math.max(low.length, high?.length ?? 0)) return null; // they are the same
  }
  return null;
}

/** Return `count` keys in order, far apart, for siblings that are sorted anew. */
export function spread(count: number): string[] {
  const step = Math.floor(IN_BLOCK / (count + 1));
  return Array.from({ length: count }, (_, index) => written(step * (index + 1)));
}

/** Return a key that sorts after another, as `models/canvas.py` does; the very last of all stays as it is. */
export function orderAfter(key: string): string {
  if (key === "") return "U".padEnd(BLOCK, "0");
  const head = blockAt(key, 0);
  if (head < IN_BLOCK - 1) return written(head + 1);
  return key.length < LONGEST ? `${key}U` : next(key);
}

/** How long a key is that has something in this block: the longer of two neighbours is the newer. */
function depth(key: string | null, at: number): number {
  return key !== null && key.length > at ? key.length : 0;
}

/** Choose one of so many places: near the longer neighbour, or about in the middle where neither is. */
function place(room: number, low: number, high: number, random: () => number): number {
  const step = Math.floor(random() * Math.min(room, LONGEST_STEP));
  if (low > high) return 1 + step;
  if (low < high) return room - step;
  return 1 + Math.floor((room - Math.min(room, LONGEST_STEP)) / 2) + step;
}

/** Read a block as a number; what a key does not have counts as zeros. */
function blockAt(key: string, at: number): number {
  let number = 0;
  for (let index = at; index < at + BLOCK; index += 1) {
    number = number * DIGITS.length + (index < key.length ? DIGITS.indexOf(key.charAt(index)) : 0);
  }
  return number;
}

function written(block: number): string {
  let digits = "";
  for (let rest = block; digits.length < BLOCK; rest = Math.floor(rest / DIGITS.length)) {
    digits = DIGITS.charAt(rest % DIGITS.length) + digits;
  }
  return digits;
}

/** Return the next key of no greater length. */
function next(key: string): string {
  const head = key.replace(/z+$/, "");
  if (head === "") return key;
  return head.slice(0, -1) + DIGITS.charAt(DIGITS.indexOf(head.charAt(head.length - 1)) + 1);
}
