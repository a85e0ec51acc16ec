/** What the base is asked to hold; apt adds what these need. base-files says which Debian it is, for scanners, and has
 *  the licences that copyright files refer to. */
export const wantedPackages = [
  "base-files",
  "ca-certificates",
  "libgomp1",
  "libpython3-stdlib",
  "libstdc++6",
  "netbase",
  "python3-minimal",
  "tzdata",
] as const;

/** Come along as dependencies of maintainer scripts, which never run here. Without them there is no package manager,
 *  no perl and no tool to unpack with. */
const unwantedPackages: ReadonlySet<string> = new Set([
  "debconf",
  "dpkg",
  "libaudit-common",
  "libdebconfclient0",
  "libpam-modules",
  "mawk",
  "original-awk",
  "perl-base",
  "tar",
]);

/** What those are linked with, and nothing of the base: packages that it holds besides may be, too (torch by OpenCV is). */
const librariesOfUnwanted: ReadonlySet<string> = new Set([
  "libacl1",
  "libaudit1",
  "libcap-ng0",
  "libmd0",
  "libpcre2-8-0",
  "libselinux1",
]);

/** Come along with Debian's torch, which is linked with OpenCV's windows and films: drivers, compilers of shaders, fonts,
 *  maps and tests, which are opened when asked for and never loaded. */
const unopened =
  /^(?:libgl1-mesa-dri|libllvm\d+|libtorch-test|python3-hypothesis|proj-data|iso-codes|shared-mime-info|xkb-data|fonts-.+)$/;

/** `holdsMore`: whether the base was asked for more than `wantedPackages`. */
export function isPackageWanted(name: string, holdsMore: boolean): boolean {
  return !unwantedPackages.has(name) && !unopened.test(name) && (holdsMore || !librariesOfUnwanted.has(name));
}

/** For people, maintainer scripts or a running system: nothing that serves a model reads them. The copyright files
 *  stay, as their licences ask. gconv's tables are for iconv alone; Python has its own codecs. */
const unwantedPaths = [
  /^usr\/share\/doc\/.+\/(?!copyright$)[^/]+$/,
  /^usr\/share\/(?:man|info|locale|lintian|bug|bash-completion|debhelper|python3|perl5|doc-base|pixmaps|applications|binfmts|gcc|gdb|readline|base-files)(?:\/|$)/,
  /^usr\/share\/zoneinfo\/(?:posix|right)(?:\/|$)/,
  /^etc\/(?:alternatives|apt|cron\.\w+|debconf\.conf|default|dpkg|init\.d|logrotate\.d|rmt|systemd|gss|ca-certificates|issue|issue\.net|motd|update-motd\.d|profile|profile\.d|skel)(?:\/|$)/,
  /^(?:usr\/)?s?bin\/(?!python3(?:\.\d+)?$)[^/]+$/,
  /^(?:usr\/)?lib\/systemd(?:\/|$)/,
  // Of the base itself; what Debian has of other Python packages lies in its dist-packages.
  /^usr\/lib\/python3(?!\/dist-packages\/)(?:\/.|$)/,
  /^usr\/lib\/python3\/dist-packages\/(?:.+\/)?tests?(?:\/|$)/,
  /^usr\/include\/.+/,
  /^usr\/lib\/(?:valgrind|apt|dpkg|binfmt\.d|ssl\/misc)(?:\/|$)/,
  /\/gconv(?:\/|$)/,
  /^var\/(?:lib|cache|log)\/.+/,
];

export function isPathWanted(path: string): boolean {
  return !unwantedPaths.some((pattern) => pattern.test(path));
}

/** What maintainer scripts would have written. */
export const accountFiles = {
  "etc/passwd": [
    "root:x:0:0:root:/root:/usr/sbin/nologin",
    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin",
    "slipway:x:65532:65532:slipway:/nonexistent:/usr/sbin/nologin",
    "",
  ].join("\n"),
  "etc/group": ["root:x:0:", "nogroup:x:65534:", "slipway:x:65532:", ""].join("\n"),
  "etc/nsswitch.conf": ["passwd: files", "group: files", "hosts: files dns", ""].join("\n"),
} as const;
