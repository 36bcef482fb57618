import { UserError } from "../settings/userError.ts";

/** How a question to the engine can fail. */
export type Failure =
  /** Nothing listens at its address. */
  | "absent"
  /** This user may not use it. */
  | "forbidden"
  /** It gave no answer within the deadline. */
  | "silent"
  /** The connection ended before the answer did. */
  | "broken"
  /** It answered with an error. */
  | "refused"
  /** Whoever asked did not want to know any more. */
  | "cancelled";

/** What the engine refused or did not answer. Its message says what was asked, of whom, and how long. */
export class EngineError extends UserError {
  readonly failure: Failure;
  /** HTTP status where it refused, else 0. */
  readonly status: number;
  /** The engine's own words where it refused, else "". */
  readonly words: string;

  constructor(message: string, failure: Failure = "refused", status = 0, words = "") {
    super(message);
    this.failure = failure;
    this.status = status;
    this.words = words;
  }
}
