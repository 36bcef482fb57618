/** What the tests use of a package that has no types. */
declare module "@20minutes/s3rver" {
  import type { AddressInfo } from "node:net";

  export interface S3rverOptions {
    readonly address: string;
    /** 0 takes a free one. */
    readonly port: number;
    /** Where the objects are kept. */
    readonly directory: string;
    readonly configureBuckets: readonly { readonly name: string }[];
    /** Logs no requests. */
    readonly silent: boolean;
    /** Whether it is content with the name of a key. */
    readonly allowMismatchedSignatures: boolean;
    /** Whether a bucket can be part of the host's name. */
    readonly vhostBuckets: boolean;
  }

  /** A server that speaks S3; its only key is S3RVER, with that secret. */
  export default class S3rver {
    constructor(options: S3rverOptions);
    run(): Promise<AddressInfo>;
    close(): Promise<void>;
  }
}
