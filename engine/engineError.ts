/** What the engine refused or did not answer, explained in full by its message. */
export class EngineError extends Error {}
