/**
 * The core beside that of the server: reads cases from standard input, a JSON value a line, and says what it makes of
 * each. A case is a list of batches for one canvas; a number instead of a batch undoes the one of that place.
 */
import { createInterface } from "node:readline";

import { apply, Canvas, type Edit, type Outcome, replay } from "../src/canvas.js";

type Case = (Edit[] | number)[];

/** Return what each batch does, and what is then on the canvas, and on that of who repeats what took effect. */
function outcomesOf(batches: Case) {
  const [canvas, follower] = [new Canvas(), new Canvas()];
  const outcomes: Outcome[] = [];
  for (const batch of batches) {
    const outcome = apply(canvas, typeof batch === "number" ? (outcomes[batch]?.inverse ?? []) : batch);
    outcomes.push(outcome);
    replay(follower, outcome.effective);
  }
  return {
    outcomes,
    top: canvas.top,
    elements: Object.fromEntries(canvas.living()),
    followed: Object.fromEntries(follower.living()),
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(outcomesOf(JSON.parse(line) as Case)));
}
