/** What a tool may know of this process's environment: how to reach the network and its own settings. Everything else,
 *  the service's secrets among it, stays here. */
export function toolEnvironment(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const allowed = /^(?:PATH|HOME|LANG|TMPDIR|SSL_CERT_FILE|SSL_CERT_DIR|(?:https?|no|all)_proxy|UV_\w+|APT_CONFIG)$/i;
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value !== undefined && allowed.test(name) ? [[name, value]] : [],
    ),
  );
}
