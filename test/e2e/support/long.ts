/** What `npm test` leaves out, because it takes long and is much like what it does: `npm test -- e2e --long` has it all. */
import { LONG } from "./form.ts";

export { LONG };

/** A test of the long form only. */
export const longTest = LONG ? test : test.skip;
export const longDescribe = LONG ? describe : describe.skip;
