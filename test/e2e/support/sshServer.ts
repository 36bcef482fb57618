/** A server of SFTP in a container, made of Debian's packages. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aptUnpack } from "../../../toolchain/apt.ts";
import { docker } from "./engine.ts";

export interface SshServer {
  readonly container: string;
  readonly host: string;
  readonly user: string;
  /** File with the user's private key. */
  readonly key: string;
  stop(): Promise<void>;
}

const USER = "keeper";
const PACKAGES = [
  "openssh-server",
  "openssh-client",
  "libaudit1",
  "libcom-err2",
  "libgssapi-krb5-2",
  "libk5crypto3",
  "libkeyutils1",
  "libkrb5-3",
  "libkrb5support0",
  "libnsl2",
  "libpam0g",
  "libssl3",
  "libsystemd0",
  "libtirpc3",
  "libwrap0",
];
const DOCKERFILE = `FROM node:24-bookworm-slim
COPY *.deb /packages/
RUN for package in /packages/*.deb; do dpkg-deb --fsys-tarfile $package | tar -x --keep-directory-symlink -C /; done \\
 && useradd --system sshd && useradd --create-home --password '*' ${USER} && mkdir -p /run/sshd /home/${USER}/.ssh \\
 && ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key && ssh-keygen -q -t ed25519 -N "" -f /key \\
 && cp /key.pub /home/${USER}/.ssh/authorized_keys && chown -R ${USER}: /home/${USER}
ENTRYPOINT ["/usr/sbin/sshd", "-D", "-e", "-f", "none", "-o", "Subsystem=sftp internal-sftp"]
`;

export async function startSshServer(): Promise<SshServer> {
  const name = `berth-e2e-${process.pid}-ssh`;
  const folder = await mkdtemp(join(tmpdir(), "berth-ssh-"));
  const stop = async () => {
    await docker("rm", "--force", name);
    await docker("image", "rm", "--force", name);
    await rm(folder, { recursive: true });
  };
  try {
    await aptUnpack(PACKAGES, folder, () => undefined);
    await writeFile(join(folder, "Dockerfile"), DOCKERFILE);
    await docker("build", "--quiet", "--tag", name, folder);
    await docker("run", "--detach", "--name", name, name);
    // Else ssh-keyscan may find nobody
    await docker("exec", name, "timeout", "20", "bash", "-c", "until (exec 3<>/dev/tcp/localhost/22) 2>/dev/null; do sleep 0.1; done");
    await docker("cp", `${name}:/key`, join(folder, "key"));
    return {
      container: name,
      host: await docker("inspect", "--format", "{{.NetworkSettings.Networks.bridge.IPAddress}}", name),
      user: USER,
      key: join(folder, "key"),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
