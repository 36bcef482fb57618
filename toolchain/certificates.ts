import { existsSync } from "node:fs";

/** Where machines keep the certificates of the authorities they trust. */
const PLACES = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/**
 * The file of the authorities that this machine trusts. Images built here trust the same ones: behind a proxy that signs with a certificate
 * of its own, nothing else reaches a registry.
 */
export const trustedCertificates = (): string | undefined => PLACES.find((path) => existsSync(path));
