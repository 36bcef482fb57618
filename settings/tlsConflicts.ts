/** HTTPS that could not work: found before the gateway would refuse it in the middle of a release. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import type { Settings } from "./types.ts";
import { setCommand } from "./commands.ts";

/** One line for each conflict, with both sides and what to do. */
export function findTlsConflicts({ tls, hosts, port, httpsPort }: Settings): string[] {
  if (!tls) return [];
  const problems: string[] = [];
  if (hosts.length === 0) problems.push(`berth:tls needs host names: ${setCommand(["hosts", 0], "example.com")}`);
  if (port === httpsPort) problems.push(`berth:port and berth:httpsPort are both ${port}: change one of them`);
  if ("acme" in tls) {
    const wildcard = hosts.find((host) => host.startsWith("*."));
    if (wildcard)
      problems.push(
        `berth:hosts has ${wildcard}, for which tls.acme gets no certificate: name each host, or give berth:tls a certificate and key`,
      );
    return problems;
  }
  return [...problems, ...findCertificateConflicts(tls, hosts)];
}

function findCertificateConflicts(tls: { readonly certificate: string; readonly key: string }, hosts: readonly string[]): string[] {
  const certificate = parsed(() => new X509Certificate(tls.certificate));
  const key = parsed<KeyObject>(() => createPrivateKey(tls.key));
  const setKey = setCommand(["tls", "key"], "< key.pem");
  const problems: string[] = [];
  if (!certificate)
    problems.push(
      `berth:tls.certificate cannot be read: want a certificate in PEM form. Fix: ${setCommand(["tls", "certificate"], "< certificate.pem")}`,
    );
  if (!key) problems.push(`berth:tls.key cannot be read: want a private key in PEM form that needs no password. Fix: ${setKey}`);
  if (certificate && key && !certificate.checkPrivateKey(key))
    problems.push(`berth:tls.key does not belong to berth:tls.certificate: ${setKey}`);
  for (const host of certificate ? hosts : []) {
    if (!certificate?.checkHost(host)) {
      problems.push(
        `berth:tls.certificate is not for ${host} of berth:hosts (it is for ${certificate?.subjectAltName ?? certificate?.subject}): get one for all hosts, or remove the host`,
      );
    }
  }
  return problems;
}

function parsed<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
