import { expect, it } from "vitest";
import { plainNetwork } from "#test/plain-network.ts";
import { aptLogins, networkFiles, sourcesList } from "./build-network.ts";

const mirrors = [
  "https://ci:a%2Fb%40c@mirror.example/debian",
  "http://token@mirror.example:8080/debian-security",
  "http://open/debian",
];

it("gives apt the mirrors' logins apart from their addresses, as they are", () => {
  expect(sourcesList(mirrors, "bookworm").split("\n")).toEqual([
    "deb https://mirror.example/debian bookworm main",
    "deb https://mirror.example/debian bookworm-updates main",
    "deb http://mirror.example:8080/debian-security bookworm-security main",
    "deb http://open/debian bookworm main",
    "deb http://open/debian bookworm-updates main",
    "",
  ]);
  expect(aptLogins(mirrors).split("\n")).toEqual([
    "machine https://mirror.example/debian login ci password a/b@c",
    "machine http://mirror.example:8080/debian-security login token",
    "",
  ]);
});

it("tells a stage nothing of package indexes: no code that needs one runs there", () => {
  const files = networkFiles({ ...plainNetwork, packageIndex: "https://ci:secret@index.example/simple" }, "bookworm");
  expect(Object.keys(files)).toEqual(["apt.conf"]);
  expect(JSON.stringify(files)).not.toContain("index.example");
});
