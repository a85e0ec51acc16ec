const registryHost = /^(?:\[[0-9a-f:]+\]|[a-zA-Z0-9.-]+)(?::\d{1,5})?$/;

export function isRegistryHost(text: string): boolean {
  return text.length <= 255 && registryHost.test(text) && URL.canParse(`https://${text}`);
}

/** What Docker Hub is called in images; its registry is elsewhere. */
const dockerHub: ReadonlySet<string> = new Set(["docker.io", "index.docker.io"]);

/** One spelling of a host's many, so that a repository is never two: `Registry.Example:443` is `registry.example`, and
 *  `docker.io` is `registry-1.docker.io`. What is no host stays as it is. */
export function spellHost(host: string, { plainHttp }: { plainHttp: boolean }): string {
  if (!isRegistryHost(host)) return host;
  const spelled = new URL(`${plainHttp ? "http" : "https"}://${host}`).host.replace(/\.(?=:\d+$|$)/, "");
  return dockerHub.has(spelled) ? "registry-1.docker.io" : spelled;
}
