import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { type Child, startChild } from "#standalone/child.ts";
import { freePort } from "#standalone/free-port.ts";
import { type Ledger, openLedger } from "#standalone/ledger.ts";
import { s3ServerPath } from "#standalone/setup/s3-servers.mjs";
import { waitForHttp } from "#standalone/wait-for-http.ts";
import { makeRunFolder } from "./run-folder.ts";

export type S3ServerName = "versitygw" | "minio";

/** A real S3 server for the tests of one run, or why there is none. */
export type S3Server = { available: true; endpoint: string } | { available: false; why: string };

/** All servers of a run take the same credentials. */
export interface S3Servers extends Record<S3ServerName, S3Server> {
  accessKeyId: string;
  secretAccessKey: string;
}

declare module "vitest" {
  export interface ProvidedContext {
    s3: S3Servers;
  }
}

/** Vitest's global setup: starts each S3 server that the set-up has made. */
export default async function startS3Servers(project: TestProject): Promise<() => Promise<void>> {
  const folder = await makeRunFolder();
  const ledger = openLedger(join(folder, "processes.json"));
  const credentials = {
    accessKeyId: randomBytes(10).toString("hex"),
    secretAccessKey: randomBytes(20).toString("hex"),
  };
  const children: Child[] = [];
  const start = async (name: S3ServerName): Promise<S3Server> => {
    if (!existsSync(s3ServerPath(name))) return { available: false, why: `${name} is not there: the set-up says why` };
    const options = { folder: join(folder, name), port: await freePort(), ...credentials, ledger };
    const { child, endpoint } = await startS3Server(name, options);
    children.push(child);
    return { available: true, endpoint };
  };
  const [versitygw, minio] = await Promise.all([start("versitygw"), start("minio")]);
  project.provide("s3", { ...credentials, versitygw, minio });
  return async () => {
    await Promise.all(children.map((child) => child.stop(5_000)));
    rmSync(folder, { recursive: true, force: true });
  };
}

export interface S3ServerOptions {
  /** Holds its objects, and has them again when it is started there once more. */
  folder: string;
  port: number;
  accessKeyId: string;
  secretAccessKey: string;
  ledger: Ledger;
}

/** Starts a server on the loopback interface. */
export async function startS3Server(
  name: S3ServerName,
  options: S3ServerOptions,
): Promise<{ child: Child; endpoint: string }> {
  const { folder, port } = options;
  const address = `127.0.0.1:${port}`;
  const data = join(folder, "data");
  mkdirSync(join(folder, "iam"), { recursive: true });
  mkdirSync(data, { recursive: true });
  const programs = {
    versitygw: {
      args: ["--port", address, "--iam-dir", join(folder, "iam"), "--keep-alive", "--quiet", "posix", data],
      env: { ROOT_ACCESS_KEY: options.accessKeyId, ROOT_SECRET_KEY: options.secretAccessKey },
    },
    minio: {
      args: ["server", "--quiet", "--address", address, "--console-address", `127.0.0.1:${await freePort()}`, data],
      env: {
        MINIO_ROOT_USER: options.accessKeyId,
        MINIO_ROOT_PASSWORD: options.secretAccessKey,
        MINIO_UPDATE: "off",
        MINIO_BROWSER: "off",
        HOME: folder,
      },
    },
  };
  const { args, env } = programs[name];
  const child = await startChild(
    { name, command: s3ServerPath(name), args, env: { PATH: process.env["PATH"], ...env }, stopSignal: "SIGTERM" },
    options,
  );
  const endpoint = `http://${address}`;
  // Without a signature it is refused, which only a server that is up can do.
  await waitForHttp(child, endpoint, { ready: (status) => status === 403, timeoutMs: 60_000 }).catch(async (error) => {
    await child.stop(0);
    throw error;
  });
  return { child, endpoint };
}
