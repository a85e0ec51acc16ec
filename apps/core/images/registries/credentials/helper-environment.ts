/** What a credential helper may know of this process's environment: where it finds its own files, sockets and settings,
 *  and the cloud's. The service's secrets stay here. */
export function helperEnvironment(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const allowed =
    /^(?:PATH|HOME|USER|LANG|TMPDIR|DISPLAY|GNUPGHOME|PASSWORD_STORE_DIR|DBUS_SESSION_BUS_ADDRESS|XDG_\w+|DOCKER_CONFIG|SSL_CERT_FILE|SSL_CERT_DIR|(?:https?|no|all)_proxy|(?:AWS|AZURE|GOOGLE|CLOUDSDK|GCE)_\w+|IDENTITY_\w+)$/i;
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value !== undefined && allowed.test(name) ? [[name, value]] : [],
    ),
  );
}
