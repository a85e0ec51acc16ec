import { readFileSync } from "node:fs";
import type { Settings } from "./settings.ts";

const variables = [
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN",
  "AZURE_CLIENT_SECRET",
  "AZURE_CLIENT_CERTIFICATE_PASSWORD",
];

/** Secrets that libraries find by themselves (the clouds' SDKs): variables, and what the files of the AWS SDK hold while
 *  this process starts. Nothing of Slipway uses them: they are known so that no log shows them. */
export function foreignSecrets(read: Settings, home: string): string[] {
  const files = [
    read.text("AWS_SHARED_CREDENTIALS_FILE", `${home}/.aws/credentials`),
    read.text("AWS_CONFIG_FILE", `${home}/.aws/config`),
  ];
  return [...variables.map((name) => read.text(name, "")), ...files.flatMap(secretsIn)].filter((text) => text !== "");
}

/** As https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html has them. */
function secretsIn(file: string): string[] {
  const lines = textOf(file).matchAll(/^\s*aws_(?:secret_access_key|session_token)\s*=\s*(\S+)\s*$/gim);
  return [...lines].map(([, value = ""]) => value);
}

/** A file that is not there, or not for this process, is none to the SDK either. */
function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
