/** What apt and dpkg say last of why they failed; mmdebstrap's own end, and the command that it ran, say nothing. */
export function debianError(stderr: string): string {
  const lines = stderr.trim().split("\n");
  const isReason = (line: string): boolean =>
    /^(?:E:|Err:|dpkg-deb: error)/.test(line) &&
    !/^E: (?:mmdebstrap failed|apt-get .* failed|Some index files failed)/.test(line);
  return lines.findLast(isReason) ?? lines.at(-1) ?? "no message";
}
