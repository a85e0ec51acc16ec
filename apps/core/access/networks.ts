import { BlockList, isIP } from "node:net";
import { SlipwayError } from "#core/errors.ts";

/** Addresses in CIDR form (RFC 4632, RFC 4291 §2.3): `10.1.0.0/16`, `2001:db8::/32`; a bare address is itself alone. */
export type Network = string & { readonly network: unique symbol };

export function parseNetwork(text: string): Network {
  const [address = "", length, ...more] = text.split("/");
  // A zone (RFC 4007) is a matter of the machine that names it.
  const family = address.includes("%") ? 0 : isIP(address);
  const longest = family === 6 ? 128 : 32;
  const fits = length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= longest);
  if (family === 0 || !fits || more.length > 0)
    throw new SlipwayError(
      "invalid_network",
      `"${text.slice(0, 100)}" is no network: write an address, or one with a prefix length such as 10.1.0.0/16`,
    );
  return text as Network;
}

/** No network at all means any address. An IPv4 address that came as `::ffff:10.1.2.3` is one of IPv4. */
export function isWithin(networks: readonly Network[], address: string): boolean {
  if (networks.length === 0) return true;
  const list = new BlockList();
  for (const network of networks) {
    const [base = "", length] = network.split("/");
    const family = isIP(base) === 6 ? "ipv6" : "ipv4";
    list.addSubnet(base, length === undefined ? (family === "ipv6" ? 128 : 32) : Number(length), family);
  }
  const plain =
    address.toLowerCase().startsWith("::ffff:") && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
  const family = isIP(plain);
  return family !== 0 && list.check(plain, family === 6 ? "ipv6" : "ipv4");
}
