import { existsSync, readFileSync } from "node:fs";
import type { NetworkConfig } from "#core/config.ts";

/** Files that a stage which is thrown away is given, by their names in /slipway/net; they hold secrets. */
export function networkFiles(network: NetworkConfig, suite: string | null): Record<string, string> {
  const { aptMirrors } = network;
  const bundle = trustedAuthorities(network);
  return {
    "apt.conf": [
      'APT::Update::Error-Mode "any";',
      'Acquire::Retries "2";',
      ...(bundle === null ? [] : ['Acquire::https::CaInfo "/slipway/net/ca.pem";']),
      ...(aptMirrors.length === 0 || suite === null
        ? []
        : [
            'Dir::Etc::SourceList "/slipway/net/sources.list";',
            'Dir::Etc::SourceParts "-";',
            'Dir::Etc::Netrc "/slipway/net/auth.conf";',
          ]),
      "",
    ].join("\n"),
    ...(aptMirrors.length === 0 || suite === null
      ? {}
      : { "sources.list": sourcesList(aptMirrors, suite), "auth.conf": aptLogins(aptMirrors) }),
    ...(bundle === null ? {} : { "ca.pem": bundle }),
  };
}

/** One line a mirror, as sources.list(5) has them, without its login. */
export function sourcesList(mirrors: readonly string[], suite: string): string {
  const lines = mirrors.flatMap((given) => {
    const mirror = withoutLogin(given);
    if (/-security\/?$/.test(new URL(mirror).pathname)) return [`deb ${mirror} ${suite}-security main`];
    return [`deb ${mirror} ${suite} main`, `deb ${mirror} ${suite}-updates main`];
  });
  return `${lines.join("\n")}\n`;
}

/** The mirrors' logins, as apt_auth.conf(5) has them. In an address apt decodes a password too early, and says it in its
 *  errors. */
export function aptLogins(mirrors: readonly string[]): string {
  const lines = mirrors.flatMap((mirror) => {
    const { username, password } = new URL(mirror);
    if (username === "") return [];
    const words = ["machine", withoutLogin(mirror), "login", decodeURIComponent(username)];
    return [[...words, ...(password === "" ? [] : ["password", decodeURIComponent(password)])].join(" ")];
  });
  return lines.map((line) => `${line}\n`).join("");
}

function withoutLogin(address: string): string {
  const url = new URL(address);
  url.username = "";
  url.password = "";
  return url.href;
}

/** Build arguments that Docker knows by itself: they are in no image and in no history. */
export function proxyArguments({ proxies }: NetworkConfig): Record<string, string> {
  const { http, https, except } = proxies;
  const given = { http_proxy: http, https_proxy: https, no_proxy: except };
  const pairs = Object.entries(given).filter(([, value]) => value !== "");
  return Object.fromEntries(
    pairs.flatMap(([name, value]) => [
      [name, value],
      [name.toUpperCase(), value],
    ]),
  );
}

const machinesBundle = "/etc/ssl/certs/ca-certificates.crt";

/** The machine's and the company's; null where no company has any. */
export function trustedAuthorities({ caBundle }: Pick<NetworkConfig, "caBundle">): string | null {
  if (caBundle === null) return null;
  const machines = existsSync(machinesBundle) ? readFileSync(machinesBundle, "utf8").trimEnd() : "";
  return `${machines}\n${caBundle.trim()}\n`;
}

/** What tools on this machine are told of the company's network by their environment; a bundle is the file that holds it. */
export function toolNetwork(
  { packageIndex, extraPackageIndexes, proxies }: NetworkConfig,
  bundleFile: string | null,
): Record<string, string> {
  const { http, https, except } = proxies;
  const given = {
    UV_DEFAULT_INDEX: packageIndex ?? "",
    UV_INDEX: extraPackageIndexes.join(" "),
    SSL_CERT_FILE: bundleFile ?? "",
    http_proxy: http,
    https_proxy: https,
    no_proxy: except,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ""));
}
