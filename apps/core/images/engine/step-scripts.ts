import { forwardPort } from "./index-relay.ts";

/*
 * What a generated Dockerfile runs, in a stage that is thrown away. /slipway holds what a step is given, /slipway/out
 * takes what it gives. A step ends with one of these where it fails: who is to blame cannot be told from a 1.
 */
export const stepExits = {
  /** A mirror, an index or the disk: tried again. */
  part: 41,
  /** The package asks for what there is not. */
  unavailable: 42,
  /** What a package asks for does not install or compile. */
  broken: 43,
  /** It may go with compilers. */
  compilers: 44,
} as const;

/** As grep -iE takes it: what apt says of a mirror, a proxy or the disk, with statuses only where they are ones. */
export const fetchFaults =
  "Failed to fetch|Could not (connect|resolve|handshake)|Temporary failure|Hash Sum mismatch|No space left|Connection (refused|reset|timed out)|^ *(40[137]|50[0-9])  [A-Z]";

/** What pip says of the relay, and of the disk. What else a package's code does not reach, having no network, is its own fault. */
export const relayFaults = `^ *(ERROR|pip\\._vendor).*((40[137]|429|50[0-9]) .*127\\.0\\.0\\.1:${forwardPort}|port=${forwardPort}\\))|No space left`;

/** What pip says of pages and files that it has not, or not whole: the relay's fault, where that noted one. */
export const lackFaults =
  "No matching distribution|Could not find a version|DO NOT MATCH THE HASHES|^error: incomplete-download|Connection broken|^ERROR: Wheel .* is invalid|^(EOFError|tarfile\\.ReadError|zipfile\\.BadZipFile|zlib\\.error):";

const head = `set -eu
export DEBIAN_FRONTEND=noninteractive APT_CONFIG=/slipway/net/apt.conf LC_ALL=C
cd /slipway
# Ends with the part's code where it was a mirror that did not answer.
fail() {
  tail -n 40 log
  if grep -qiE '${fetchFaults}' log
  then exit ${stepExits.part}; fi
  exit "$1"
}
`;

/** Installs the packages in \`names\`, and lays out what the base in \`present\` (name and version a line; of this very
 *  image, where there is no such file) has not: their files, what their scripts made, and who they are. */
export const installSystemPackages = `${head}
mkdir -p out
apt-get update >log 2>&1 || fail ${stepExits.part}
[ -e present ] || dpkg-query -W -f '\${Package} \${Version}\\n' >present
: >none
touch marker
# All that they need, as if nothing were installed: the build base has more than the base.
apt-get -qq -o Dir::State::status=/slipway/none install --no-install-recommends --print-uris $(cat names) >uris 2>log || fail ${stepExits.unavailable}
sed -n "s/^'[^']*' \\([^_ ]*\\)_.*/\\1/p" uris | sort -u >needed
apt-get install --yes --no-install-recommends $(cat names) >log 2>&1 || fail ${stepExits.broken}
dpkg-query -W -f '\${Package} \${Version}\\n' | sort >after
sort present >before
comm -23 after before | awk 'NR == FNR { needed[$1] = 1; next } $1 in needed' needed - >added.all
# Only maintainer scripts need them, and they have run.
grep -vE '^(debconf|dpkg|tar|perl-base|mawk|original-awk|sensible-utils|ucf|init-system-helpers|lsb-base) ' added.all >added || true
mkdir -p out/root/var/lib/dpkg/status.d
while read -r name version; do
  sha256=$(apt-cache show "$name=$version" 2>/dev/null | sed -n 's/^SHA256: //p' | head -n 1)
  echo "$name $version $sha256" >>out/packages
  dpkg-query -s "$name" >"out/root/var/lib/dpkg/status.d/$name"
  dpkg-query -L "$name" >>listed
done <added
touch listed
find /etc /usr /opt /var/lib -xdev -newer marker ! -type d >>listed
# /lib is a link to /usr/lib, in a layer it would become a folder.
sed -E 's#^/(lib|lib64|bin|sbin)/#/usr/\\1/#' listed | sort -u |
  grep -vE '^/((lib|lib64|bin|sbin)$|etc/(apt|passwd|group|shadow|gshadow|passwd-|group-|shadow-|gshadow-|machine-id)(/|$)|var/lib/(apt|dpkg)/|var/cache/|usr/share/(man|info|locale|lintian|bug|doc-base)/)' |
  grep -vE '^/usr/share/doc/.+/[^/]+$' >wanted || true
grep -hE '^/usr/share/doc/.+/copyright$' listed >>wanted || true
while read -r path; do
  if [ -L "$path" ] || [ -f "$path" ]; then echo "$path"; fi
done <wanted >files
tar -cf - --no-recursion -T files 2>/dev/null | tar -xf - -C out/root
touch out/packages
echo "added $(wc -l <out/packages) Debian packages"
`;

/** Brings what wheels are made with, pip and (where there is a file \`compilers\`) compilers, and leaves nothing of the
 *  company's network behind: what runs on this stage is packages' code. */
export const prepareWheels = `${head}
install() {
  [ -e updated ] || apt-get update >log 2>&1 || fail ${stepExits.part}
  touch updated
  apt-get install --yes --no-install-recommends "$@" >log 2>&1 || fail ${stepExits.part}
}
python3 -m pip --version >log 2>&1 || install python3-pip
if [ -e compilers ] && ! command -v cc >/dev/null; then
  more=""; [ "$(command -v python3)" != /usr/bin/python3 ] || more=python3-dev
  install gcc g++ make libc6-dev $more
fi
rm -rf net log updated /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt/*
`;

/** Makes wheels of what the requirements need and the index has as sources alone. It runs packages' code, without a
 *  network: pip asks for files at \`forward.py\`, which has them from the relay. */
export function makeWheels(indexes: number): string {
  const [first, ...extra] = Array.from({ length: indexes }, (_, index) => `http://127.0.0.1:${forwardPort}/${index}/`);
  return `set -eu
export LC_ALL=C HOME=/root SOURCE_DATE_EPOCH=315532800 PYTHONHASHSEED=0
export PIP_CONFIG_FILE=/dev/null PIP_INDEX_URL=${first} PIP_EXTRA_INDEX_URL="${extra.join(" ")}" PIP_NO_INPUT=1
export PIP_BREAK_SYSTEM_PACKAGES=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1
cd /slipway
mkdir -p out
# Ends with the part's code where it was an index that did not answer.
fail() {
  tail -n 40 log
  if [ -s index/fault ] && grep -qiE '${lackFaults}' log
  then cat index/fault; exit ${stepExits.part}; fi
  if grep -qiE '${relayFaults}' log
  then exit ${stepExits.part}; fi
  if [ ! -e compilers ] && ! command -v cc >/dev/null
  then exit ${stepExits.compilers}; fi
  exit ${stepExits.broken}
}
python3 forward.py >log 2>&1 || { cat log; exit ${stepExits.part}; }
python3 -m pip install --dry-run --ignore-installed --quiet --report report.json --requirement requirements.in --constraint constraints.in >log 2>&1 || fail
python3 sdists.py
[ -s sdists.txt ] || { echo "every requirement has a wheel"; exit ${stepExits.broken}; }
python3 -m pip wheel --no-deps --require-hashes --wheel-dir out/wheels --requirement sdists.txt >log 2>&1 || fail
echo "made $(ls out/wheels | wc -l) wheels from sources"
`;
}

/** Beside makeWheels, as \`sdists.py\`: what pip would install from an archive of sources. */
export const findSdists = `import json
import urllib.parse

with open("report.json", encoding="utf-8") as report, open("sdists.txt", "w") as pins, open("out/sdists", "w") as found:
    for item in json.load(report)["install"]:
        name, version = item["metadata"]["name"], item["metadata"]["version"]
        file = urllib.parse.unquote(urllib.parse.urlsplit(item["download_info"]["url"]).path.rsplit("/", 1)[-1])
        if file.endswith(".whl"):
            continue
        sha256 = item["download_info"]["archive_info"]["hashes"]["sha256"]
        print(f"{name}=={version} --hash=sha256:{sha256}", file=pins)
        print(name, version, file, sha256, file=found)
`;
